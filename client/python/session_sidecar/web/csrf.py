"""The protection against cross-site request forgery that all frameworks share. It knows none of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Literal

from ..base_session import BaseSession
from .csrf_origin import RequestOrigin, check_trusted_origins, foreign_origin
from .csrf_token import is_csrf_token

# Methods that change nothing, so a forged request does no harm (RFC 9110, section 9.2.1).
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf_token"

CsrfCode = Literal["CSRF_ORIGIN_UNTRUSTED", "CSRF_TOKEN_INVALID"]


class CsrfError(Exception):
    """A request that changes something has no proof that it comes from the application's own pages.

    The message says what is wrong, and may be sent to the browser.

    code: CSRF_ORIGIN_UNTRUSTED: the request was sent by a page of another origin, which is not among the trusted ones.
        CSRF_TOKEN_INVALID: the request does not carry the CSRF token of its session.
    status: the HTTP status for the response: 403.
    """

    status = 403

    def __init__(self, code: CsrfCode, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class CsrfCheck:
    """The check of requests, in three steps, so that each is made by code that blocks or awaits.

    trusted_origins: origins, such as "https://shop.example.com", whose pages may send requests that change something, beside
        those of the application's own host. Their requests need the token, too. Default: none.

    Raises TypeError or ValueError for an origin that no browser sends.
    """

    trusted_origins: frozenset[str] = field(default_factory=frozenset)

    @staticmethod
    def of(trusted_origins: Iterable[str] = ()) -> CsrfCheck:
        return CsrfCheck(check_trusted_origins(trusted_origins))

    def needs_token(self, method: str, origin: RequestOrigin) -> bool:
        """Return whether a request of this method must carry the token. Costs no call.

        Raises CsrfError if it was sent by a page of another origin.
        """
        if method in SAFE_METHODS:
            return False
        self.check_origin(origin)
        return True

    def check_origin(self, origin: RequestOrigin) -> None:
        """Raise CsrfError for a request that was sent by a page of another origin, unless that is trusted."""
        foreign = foreign_origin(origin, self.trusted_origins)
        if foreign is not None:
            raise CsrfError("CSRF_ORIGIN_UNTRUSTED", f"The request comes from a page of another origin: {foreign}.")

    def token_of(self, header: str | None, field: Callable[[], object] | object = None) -> str:
        """Return the token that a request carries: the header X-CSRF-Token or, without one, the form field csrf_token.

        The query string is ignored, because it ends up in logs and referrers.

        field: the form field, or a function that reads it, called if there is no header.

        Raises CsrfError if the request has no token.
        """
        token = header or (field() if callable(field) else field)
        if not isinstance(token, str) or not token:
            expected = f"Send it as the header {CSRF_HEADER} or the form field {CSRF_FIELD}."
            raise CsrfError("CSRF_TOKEN_INVALID", f"The request has no CSRF token. {expected}")
        return token

    def check_token(self, session: BaseSession, token: str) -> None:
        """Raise CsrfError unless a token is that of the session, masked or not."""
        if not is_csrf_token(session, token):
            raise CsrfError("CSRF_TOKEN_INVALID", "The CSRF token is not that of the session. Load the page again.")
