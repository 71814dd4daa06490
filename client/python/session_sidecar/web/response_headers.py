"""The headers of a response, and what a session changes in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

# Directives that let shared caches keep a response.
_SHARED_ONLY = frozenset({"public", "s-maxage", "proxy-revalidate"})
# Headers that are for shared caches only, which obey them rather than Cache-Control (RFC 9213).
_TARGETED = ("CDN-Cache-Control", "Surrogate-Control")
# As many seconds as a sidecar or its store takes to come back, about.
RETRY_AFTER = "1"
_DIRECTIVE = re.compile(r'(?:[^,"]|"[^"]*"?)+')


class HeaderList:
    """Headers as pairs of name and value, in the form in which WSGI and most frameworks have them.

    pairs: all headers, in order. Methods change the list itself.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self.pairs = list(pairs)

    def get_all(self, name: str) -> list[str]:
        return [value for each, value in self.pairs if each.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """Return the value of a header, joined by commas if there are several."""
        return ", ".join(self.get_all(name)) if name in self else None

    def __contains__(self, name: str) -> bool:
        return any(each.lower() == name.lower() for each, _ in self.pairs)

    def set(self, name: str, value: str) -> None:
        self.remove(name)
        self.append(name, value)

    def append(self, name: str, value: str) -> None:
        self.pairs.append((name, value))

    def remove(self, name: str) -> None:
        self.pairs[:] = [pair for pair in self.pairs if pair[0].lower() != name.lower()]


def vary_by_cookie(headers: HeaderList) -> None:
    """Keep caches from answering one visitor with what another visitor's session has put into a page."""
    fields = headers.get("Vary") or ""
    if not re.search(r"(^|,)\s*(\*|cookie)\s*(,|$)", fields, re.IGNORECASE):
        headers.set("Vary", f"{fields}, Cookie" if fields else "Cookie")


def set_retry_after(headers: HeaderList) -> None:
    """Say when to try again, unless the application has said so."""
    if "Retry-After" not in headers:
        headers.set("Retry-After", RETRY_AFTER)


def set_cookies(headers: HeaderList, cookies: Sequence[str]) -> None:
    """Add Set-Cookie headers, and keep shared caches from handing the cookie to other visitors.

    They replace those of the same names, because browsers may apply several in any order (RFC 6265, section 4.1.1).
    """
    names = set(map(_cookie_name, cookies))
    others = [cookie for cookie in headers.get_all("Set-Cookie") if _cookie_name(cookie) not in names]
    headers.remove("Set-Cookie")
    for cookie in [*others, *cookies]:
        headers.append("Set-Cookie", cookie)
    headers.set("Cache-Control", _without_shared_caches(headers.get("Cache-Control") or ""))
    for name in _TARGETED:
        headers.remove(name)


def is_for_shared_caches(headers: HeaderList) -> bool:
    """Return whether the application lets shared caches keep the response."""
    names = set(map(_directive_name, _directives(headers.get("Cache-Control") or "")))
    if names & {"no-store", "private"}:
        return False
    return bool(names & _SHARED_ONLY) or any(name in headers for name in _TARGETED)


def _without_shared_caches(cache_control: str) -> str:
    """Return directives that allow the visitor's own browser what they allowed, and everyone else nothing."""
    directives = _directives(cache_control)
    if any(_directive_name(each) == "no-store" for each in directives):
        return cache_control
    # A "private" that names fields allows the rest of the response to be shared.
    return ", ".join(["private", *(each for each in directives if _directive_name(each) not in {"private", *_SHARED_ONLY})])


def _directives(cache_control: str) -> list[str]:
    """Split at commas, except those between quotation marks."""
    return [text for match in _DIRECTIVE.finditer(cache_control) if (text := match[0].strip())]


def _directive_name(directive: str) -> str:
    return directive.partition("=")[0].strip().lower()


def _cookie_name(set_cookie: str) -> str:
    return set_cookie.partition("=")[0].strip()
