"""What a request does to its cookie, beside what the settings say."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

from ..web import CookieOptions, HeaderList
from ..web.cookie import set_cookie_headers
from ..web.response_headers import set_cookies


class ResponseCookie:
    """The cookie of one response.

    options: those of the settings, until the request changes them.
    is_renewed: whether the browser gets the cookie again.
    """

    def __init__(self, options: CookieOptions) -> None:
        self.options = options
        self.is_renewed = False

    def renew(self) -> None:
        self.is_renewed = True

    def adjust_max_age(self, max_age: int | timedelta | None) -> None:
        """Raises TypeError or ValueError for a time that is not at least a second. Changes nothing then."""
        seconds = int(max_age.total_seconds()) if isinstance(max_age, timedelta) else max_age
        self.options = replace(self.options, max_age=seconds)
        self.is_renewed = True

    def adjust_expires(self, expires: datetime | timedelta | None) -> None:
        """As adjust_max_age(), for a time that may be absolute. Without a time zone, it is in UTC."""
        if isinstance(expires, datetime):
            aware = expires if expires.tzinfo else expires.replace(tzinfo=timezone.utc)
            expires = aware - datetime.now(timezone.utc)
        self.adjust_max_age(expires)

    def write(self, headers: HeaderList, token: str, is_https: bool) -> None:
        """Set the cookie in place of one that the headers may set already."""
        set_cookies(headers, set_cookie_headers(self.options, token, is_https=is_https, names=(), is_persistent=True))
