"""The cookie that carries a session's token: its options, how it is read and how it is written."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

# Not "session" or "sid", which other frameworks on the same host may use.
_DEFAULT_NAME = "session_sidecar"
# In characters. Browsers ignore longer attributes, and cookies whose name and value together exceed four times as many.
_MAX_ATTRIBUTE_LENGTH = 1024
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_PATH = re.compile(r"[\x20-\x3a\x3c-\x7e]*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"\.?{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE)
# The form only. The sidecar verifies the token.
_TOKEN = re.compile(r"[\w-]{16,128}\.[\w-]{16,128}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class CookieOptions:
    """The options of the cookie. Without any, it is gone when the browser is closed.

    name: default: "__Host-session_sidecar" if the cookie is Secure, has the path "/" and no domain, so that no other host can set
        it; "__Secure-session_sidecar" if it is Secure otherwise, so that it cannot be set over http; "session_sidecar" if it is
        not Secure. A given name is used unchanged; if it has a prefix such as "__Secure-", the other options must satisfy it.
    path: default: "/".
    domain: default: none, which means the host that set it, without subdomains.
    secure: whether browsers send it over https only. Default: "auto", which means if the request that sets it came over https.
    same_site: default: "lax". "none" requires a Secure cookie; with secure "auto", the cookie is "lax" over http.
    http_only: whether it is hidden from scripts in the page. Default: True.
    max_age: how long browsers keep it, in seconds since it was set. The lifetime of the session itself is up to the sidecar. At
        least 1; browsers keep cookies for 400 days at most. Default: none, which means until the browser is closed.
    rolling: whether max_age starts again whenever the visitor opens a page that uses the session. Without a write in the same
        request, this costs one call, which confirms that no parallel request has replaced the token. Requests of scripts, images
        and the like, and responses that shared caches may keep, do not set the cookie again. Requires max_age. Default: False.
    partitioned: whether each top-level site has its own cookie (CHIPS). Requires a Secure cookie; with secure "auto", has no
        effect over http. Default: False.
    priority: which cookies Chromium drops first when a site has too many: those of low priority. Default: none, which means
        medium.

    Raises TypeError or ValueError for a cookie that cannot be written, or that browsers would reject or change (RFC 6265bis,
    section 5.7). The message names the option.
    """

    name: str | None = None
    path: str = "/"
    domain: str | None = None
    secure: bool | Literal["auto"] = "auto"
    same_site: Literal["strict", "lax", "none"] = "lax"
    http_only: bool = True
    max_age: int | None = None
    rolling: bool = False
    partitioned: bool = False
    priority: Literal["low", "medium", "high"] | None = None

    def __post_init__(self) -> None:
        self._check_types()
        self._check_syntax()
        self._check_kept()

    @property
    def names(self) -> Sequence[str]:
        """All names that the cookie may have, the most trustworthy first."""
        if self.name is not None:
            return (self.name,)
        if self.secure is False:
            return (_DEFAULT_NAME,)
        prefix = "__Host-" if self.path == "/" and self.domain is None else "__Secure-"
        return (prefix + _DEFAULT_NAME, _DEFAULT_NAME)

    def name_for(self, is_secure: bool) -> str:
        """Return the name under which the cookie is set."""
        return self.names[0] if is_secure else self.names[-1]

    def is_prefixed(self, name: str) -> bool:
        """Return whether this name was given the prefix that requires a Secure cookie."""
        return self.name is None and name != _DEFAULT_NAME

    def _check_types(self) -> None:
        _expect_one_of("secure", self.secure, (True, False, "auto"))
        # Case matters: "None" would be written, but not recognized as requiring Secure.
        _expect_one_of("same_site", self.same_site, ("strict", "lax", "none"))
        _expect_one_of("priority", self.priority, (None, "low", "medium", "high"))
        for option in ("http_only", "rolling", "partitioned"):
            _expect_one_of(option, getattr(self, option), (True, False))
        for option, type_, is_optional in (
            ("name", str, True),
            ("path", str, False),
            ("domain", str, True),
            ("max_age", int, True),
        ):
            value = getattr(self, option)
            if value is None and is_optional:
                continue
            if not isinstance(value, type_) or isinstance(value, bool):
                wanted = "an int, in seconds" if type_ is int else "a str"
                raise TypeError(f"Expected `cookie.{option}` to be {wanted}, got {type(value).__name__}")

    def _check_syntax(self) -> None:
        for option, text, syntax in (("name", self.name, _NAME), ("path", self.path, _PATH), ("domain", self.domain, _DOMAIN)):
            if text is not None and not syntax.fullmatch(text):
                raise ValueError(f"Expected `cookie.{option}` to have only characters that a cookie can have, got {text!r}")

    def _check_kept(self) -> None:
        name = self.names[-1]
        # Browsers ignore the case of prefixes.
        match = re.match("__(host-http|host|http|secure)-", name.lower())
        prefix = match[1] if match else ""
        refuse = f"reject `{name}` otherwise"
        is_host_wide = self.path == "/" and self.domain is None
        _expect(not prefix or self.secure is True, "secure", "True", refuse)
        _expect(not prefix.startswith("host") or is_host_wide, "path", "/ and `cookie.domain` to be None", refuse)
        _expect(not prefix.endswith("http") or self.http_only, "http_only", "True", refuse)
        _expect(self.same_site != "none" or self.secure is not False, "secure", "True", "reject SameSite=None otherwise")
        _expect(not self.partitioned or self.secure is not False, "secure", "True", "reject Partitioned otherwise")
        _expect(self.max_age is None or self.max_age >= 1, "max_age", "at least 1", "delete the cookie otherwise")
        _expect(
            not self.rolling or self.max_age is not None,
            "max_age",
            "given with `cookie.rolling`",
            "keep it without end otherwise",
        )
        _expect(self.path.startswith("/"), "path", "a path that begins with /", "replace it otherwise")
        _expect(self.path == self.path.rstrip(), "path", "a path that does not end with a space", "remove the space")
        for option, text in (("name", name), ("path", self.path), ("domain", self.domain or "")):
            limit = f"at most {_MAX_ATTRIBUTE_LENGTH} characters"
            _expect(len(text) <= _MAX_ATTRIBUTE_LENGTH, option, limit, "ignore longer ones")


def cookie_options(names: Mapping[str, str], options: Mapping[str, Any]) -> CookieOptions:
    """Return CookieOptions for an integration that has names of its own for them.

    names: those names by option. Errors have them.
    """
    try:
        return CookieOptions(**options)
    except (TypeError, ValueError) as error:
        text = re.sub(r"`cookie\.(\w+)`", lambda match: f"`{names.get(match[1], match[1])}`", str(error))
        raise type(error)(text) from None


def _expect_one_of(option: str, value: object, allowed: Sequence[object]) -> None:
    if not any(value is each or (isinstance(each, str) and value == each) for each in allowed):
        listed = ", ".join(map(repr, allowed))
        raise ValueError(f"Expected `cookie.{option}` to be one of {listed}, got {value!r}")


def _expect(holds: bool, option: str, expected: str, because: str) -> None:
    if not holds:
        raise ValueError(f"Expected `cookie.{option}` to be {expected}, because browsers {because}")


class RequestCookies(NamedTuple):
    """The session cookies of a request.

    tokens: possible session tokens, without duplicates, in the order in which to try them.
    names: the names of the cookies that were present.
    """

    tokens: Sequence[str]
    names: Sequence[str]


def read_cookies(header: str | None, cookie: CookieOptions) -> RequestCookies:
    """Read a Cookie header.

    A browser sends several cookies of one name if they were set for different paths or domains, possibly by another host of the
    same site, and does not say which is which. So every value that could be a token is returned: those of the name with a prefix,
    which cannot be set over http, come first; otherwise the browser's order is kept.
    """
    if not header:
        return RequestCookies((), ())
    pairs = [(name.strip(), value.strip().strip('"')) for name, _, value in (pair.partition("=") for pair in header.split(";"))]
    present = [name for name in cookie.names if any(name == each for each, _ in pairs)]
    values = [value for name in present for each, value in pairs if each == name and value]
    tokens = list(dict.fromkeys(value for value in values if _TOKEN.fullmatch(value)))
    # If none has the form of a token, only one is tried.
    return RequestCookies(tokens or values[:1], present)


def set_cookie_headers(
    cookie: CookieOptions, token: str | None, *, is_https: bool, names: Sequence[str], is_persistent: bool
) -> list[str]:
    """Return the Set-Cookie headers, usually one, after which the browser has this token and no other.

    Cookies of other names that the request carried are deleted.

    token: the token to set. None deletes the cookie.
    is_https: whether the request came over https.
    names: the RequestCookies.names that it carried.
    is_persistent: whether the browser keeps the cookie for max_age, rather than until it is closed.
    """
    is_secure = is_https if cookie.secure == "auto" else cookie.secure
    name = cookie.name_for(is_secure)
    deletions = [_set_cookie(cookie, each, None, is_secure, False) for each in names if token is None or each != name]
    return deletions if token is None else [_set_cookie(cookie, name, token, is_secure, is_persistent), *deletions]


def _set_cookie(cookie: CookieOptions, name: str, token: str | None, is_secure: bool, is_persistent: bool) -> str:
    # A cookie whose name has the prefix was set over https, whatever a proxy in between says.
    secure = is_secure or cookie.is_prefixed(name)
    same_site = "lax" if cookie.same_site == "none" and not secure else cookie.same_site
    parts = [f"{name}={token or ''}"]
    if token is None:
        parts += ["Max-Age=0", "Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
    elif is_persistent and cookie.max_age is not None:
        parts.append(f"Max-Age={cookie.max_age}")
    if cookie.domain is not None:
        parts.append(f"Domain={cookie.domain}")
    parts.append(f"Path={cookie.path}")
    parts += ["HttpOnly"] if cookie.http_only else []
    parts += ["Secure"] if secure else []
    parts += ["Partitioned"] if secure and cookie.partitioned else []
    parts += [f"Priority={cookie.priority.capitalize()}"] if cookie.priority else []
    parts.append(f"SameSite={same_site.capitalize()}")
    return "; ".join(parts)
