"""What the integrations of all web frameworks share: cookie rules, the session of a request, protection of forms.

It knows HTTP, but no framework. An integration creates WebOptions once, and for each request a RequestSession, or an
AsyncRequestSession for asyncio:

- load() when the application first uses the session;
- before_headers(status) before the headers of the response are sent, then write_headers(); if that raised, the response is
  replaced by the one of failure_of(), and write_headers() completes its headers;
- before_end(status) when a streamed response has been sent but for its end.
"""

from .cookie import CookieOptions, cookie_options
from .csrf import CSRF_FIELD, CSRF_HEADER, CsrfCheck, CsrfError
from .csrf_origin import RequestOrigin
from .csrf_token import is_csrf_token, mask_token
from .failures import failure_of, reports_failure
from .lazy_session import LazySession
from .options import WebOptions
from .request_session import AsyncRequestSession, RequestSession
from .response_headers import HeaderList

__all__ = [
    "CSRF_FIELD",
    "CSRF_HEADER",
    "AsyncRequestSession",
    "CookieOptions",
    "CsrfCheck",
    "CsrfError",
    "HeaderList",
    "LazySession",
    "RequestOrigin",
    "RequestSession",
    "WebOptions",
    "cookie_options",
    "failure_of",
    "is_csrf_token",
    "mask_token",
    "reports_failure",
]
