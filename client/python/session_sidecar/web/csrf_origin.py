"""Where a request came from, as far as browsers report it. Pages and their scripts cannot set these headers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class RequestOrigin(NamedTuple):
    """
    header: returns a header of the request, or None.
    host: the host that the request was sent to, with its port if it has one: the application's own.
    """

    header: Callable[[str], str | None]
    host: str | None


def check_trusted_origins(origins: Iterable[str]) -> frozenset[str]:
    """Return origins as a set. Raises TypeError or ValueError for anything that browsers would not send as Origin."""
    if isinstance(origins, str):
        raise TypeError("Expected `trusted_origins` to be a list of origins, got a str")
    checked = frozenset(origins)
    for origin in checked:
        if _origin_of(origin) != origin:
            example = "https://shop.example.com"
            raise ValueError(f"Expected each of `trusted_origins` to be an origin such as {example}, got {origin!r}")
    return checked


def foreign_origin(request: RequestOrigin, trusted: frozenset[str]) -> str | None:
    """Say why a request cannot come from one of the application's own pages, nor from a trusted one. None: it can.

    Sec-Fetch-Site decides. Browsers send it over https and to localhost only. Without it, the host of Origin or Referer must be
    the one that the request was sent to. A request with none of them comes from no current browser; its token decides.
    """
    origin = request.header("Origin") or None
    if origin in trusted:
        return None
    site = request.header("Sec-Fetch-Site")
    if site in ("same-origin", "none"):
        return None
    if site in ("same-site", "cross-site"):
        return f"Sec-Fetch-Site is {site}, {_quoted('Origin', origin)}"
    if origin is not None:
        return None if _is_of(request.host, origin) else _quoted("Origin", origin)
    referer = request.header("Referer")
    if not referer or _is_of(request.host, referer):
        return None
    # Without its path, which may be private.
    from_origin = _origin_of(referer) or "null"
    return None if from_origin in trusted else _quoted("the origin of Referer", from_origin)


def _is_of(host: str | None, url: str) -> bool:
    parts = _split(url)
    if host is None or parts is None:
        return False
    own = _split(f"{parts.scheme}://{host}")
    return own is not None and _authority(own) == _authority(parts)


def _origin_of(url: str) -> str | None:
    parts = _split(url)
    return None if parts is None else f"{parts.scheme}://{_authority(parts)}"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        return parts if parts.scheme in _DEFAULT_PORTS and parts.hostname and (parts.port or 1) else None
    except ValueError:
        return None


def _authority(parts: SplitResult) -> str:
    """Return the host in lower case, with its port unless that is the default of the scheme."""
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return host if parts.port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{parts.port}"


def _quoted(header: str, value: str | None) -> str:
    return f"{header} is absent" if value is None else f"{header} is {json.dumps(value)}"
