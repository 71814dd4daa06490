"""The session factory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Literal

from pyramid.exceptions import ConfigurationError
from pyramid.interfaces import ISessionFactory
from zope.interface import implementer

from ..client import SessionClient
from ..codecs import Codec, TaggedJsonCodec
from ..idle_timeout import IdleTimeout
from ..session import Session
from ..web import WebOptions, cookie_options
from .former_cookies import FormerCookies
from .invalid_session import InvalidSession
from .request_life import LifeOptions, RequestLife
from .session import PyramidSession
from .settings import Resolve, options_of

# Distinguishes the absence of a timeout from None, which is a timeout without end.
_OF_SIDECAR: Any = object()
# What the options of the cookie are called here.
_COOKIE_NAMES = {
    "name": "cookie_name",
    "max_age": "cookie_max_age",
    "path": "cookie_path",
    "domain": "cookie_domain",
    "secure": "cookie_secure",
    "http_only": "cookie_httponly",
    "same_site": "cookie_samesite",
}


@implementer(ISessionFactory)
class SidecarSessionFactory:
    """Makes the sessions of an application. One factory has one connection to the sidecar, which survives forks.

    A session is loaded when the request first uses it. It is saved once there is a response, which may be a raised redirect: in a
    tween under the exception views, which therefore get the SessionError of a save that failed. What is written later, in other
    tweens, exception views, response callbacks, NewResponse subscribers and finished callbacks, is saved after them; an error is
    then raised from the application. So is everything if the tween is missing, which includeme() adds. A response with a status
    of 400 or above is sent even if its session could not be saved, with a warning in the log. After an exception without a
    response, an existing session is saved, and a new one is not.

    client: opens the sessions, in place of the options address, call_timeout, api_token, api_token_file, transport, cache_bytes
        and codec. Default: one with these options.
    address: where the sidecar listens, "host:port" or "unix:/path". Default: "127.0.0.1:50051".
    call_timeout: the time limit of a call to the sidecar, in seconds. Default: 3.
    api_token, api_token_file, transport, cache_bytes: as for SessionClient.
    codec: turns values into what the sidecar stores. Default: TaggedJsonCodec(), which keeps tuples, sets, dates, Decimal, UUID
        and bytes, and writes everything else as JSON.
    timeout: how long new sessions live without being used, in seconds: 1 second to 10 years. 0 or None: no limit. Default: what
        SESSION_SIDECAR_IDLE_TIMEOUT of the sidecar says, which is 20 minutes unless set.
    cookie_name: default: "session".
    cookie_max_age: how long browsers keep the cookie, in seconds since it was set. Default: None, until the browser is closed.
    cookie_path: where the cookie is set and deleted. Default: "/".
    cookie_domain: where the cookie is set and deleted. Default: None, the host without its subdomains.
    cookie_secure: whether browsers send the cookie over https only. Default: "auto", if the request came over https.
    cookie_httponly: whether the cookie is hidden from scripts. Default: True.
    cookie_samesite: "strict", "lax" or "none". Default: "lax".
    cookie_on_exception: whether a visitor keeps a session that was started by a request that failed: one that raised an
        exception, handled or not, or whose response has status 500 or above. Default: True.
    func_check_response_allow_cookies: called with a response. False: it gets no Set-Cookie header, and a session that would need
        one is not stored. Default: None, all responses may set the cookie.
    func_invalid_logger: called with a request and an InvalidSession when the visitor's session is new, once. Default: None.
    former_secret: the secret that pyramid_session_redis had, if its sessions were imported: cookies that it has signed then find
        them, and are replaced. Default: None, such cookies are not read.

    Raises TypeError or ValueError for an option that cannot be used. The message names it.
    """

    def __init__(
        self,
        *,
        client: SessionClient | None = None,
        address: str = "127.0.0.1:50051",
        call_timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | None = None,
        transport: Literal["pipeline", "unary"] = "pipeline",
        cache_bytes: int | None = None,
        codec: Codec | None = None,
        timeout: int | None = _OF_SIDECAR,
        cookie_name: str = "session",
        cookie_max_age: int | None = None,
        cookie_path: str = "/",
        cookie_domain: str | None = None,
        cookie_secure: bool | Literal["auto"] = "auto",
        cookie_httponly: bool = True,
        cookie_samesite: Literal["strict", "lax", "none"] = "lax",
        cookie_on_exception: bool = True,
        func_check_response_allow_cookies: Callable[[Any], bool] | None = None,
        func_invalid_logger: Callable[[Any, InvalidSession], Any] | None = None,
        former_secret: str | None = None,
    ) -> None:
        cookie = cookie_options(
            _COOKIE_NAMES,
            {
                "name": cookie_name,
                "max_age": cookie_max_age,
                "path": cookie_path,
                "domain": cookie_domain,
                "secure": cookie_secure,
                "http_only": cookie_httponly,
                "same_site": cookie_samesite,
            },
        )
        # None: the sidecar's.
        self._timeout = None if timeout is _OF_SIDECAR else IdleTimeout(timedelta(seconds=timeout) if timeout else None)
        if client is None:
            client = SessionClient(
                address,
                call_timeout,
                api_token,
                api_token_file,
                transport,
                cache_bytes,
                codec=TaggedJsonCodec() if codec is None else codec,
            )
        self._options = LifeOptions(
            client=client,
            web=WebOptions(
                cookie=cookie,
                cookie_on_exception=cookie_on_exception,
                former_id=None if former_secret is None else FormerCookies(former_secret).id_in,
            ),
            prepare_new=self._prepare_new,
            allows_cookies=func_check_response_allow_cookies or (lambda response: True),
            on_invalid=func_invalid_logger,
        )

    def __call__(self, request: Any) -> PyramidSession:
        return RequestLife(request, self._options).session()

    def _prepare_new(self, session: Session) -> None:
        if self._timeout is not None:
            session.idle_timeout = self._timeout.value


def session_factory_from_settings(settings: Mapping[str, Any], resolve: Resolve | None = None) -> SidecarSessionFactory:
    """Return a SidecarSessionFactory with the options that settings have as session_sidecar.NAME or redis.sessions.NAME.

    resolve: turns dotted names into what they name, for client, codec and the functions. Default: these must not be names.

    Raises ConfigurationError for settings that are unknown or cannot be used, and for those of the former libraries that now
    belong to the sidecar; the message says which setting that is. Other settings are ignored.
    """
    options = options_of(settings, resolve)
    try:
        return SidecarSessionFactory(**options)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(f"The settings of the session are invalid:\n{error}") from None


def check_response_allow_cookies(response: Any) -> bool:
    """Return whether a response may set cookies: not if it has a header Expires or Cache-Control, which caches could obey.

    For the setting func_check_response_allow_cookies.
    """
    return "Expires" not in response.headers and "Cache-Control" not in response.headers
