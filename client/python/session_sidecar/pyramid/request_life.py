"""The session of one request, from its first use to the response."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..client import SessionClient
from ..errors import SessionError
from ..session import Session
from ..web import HeaderList, RequestSession, WebOptions, reports_failure
from ..web.response_headers import vary_by_cookie
from .invalid_session import InvalidSession, reason_of
from .response_cookie import ResponseCookie
from .session import PyramidSession

# Where a request keeps its sessions, and its response once there is one.
_LIVES = "_session_sidecar_lives"
_RESPONSE = "_session_sidecar_response"


@dataclass(frozen=True, kw_only=True)
class LifeOptions:
    """What the sessions of all requests have in common.

    prepare_new: called with each session that is not stored.
    allows_cookies: whether a response may set or delete cookies.
    on_invalid: called when a request has no session. None: nothing is.
    """

    client: SessionClient
    web: WebOptions
    prepare_new: Callable[[Session], None]
    allows_cookies: Callable[[Any], bool]
    on_invalid: Callable[[Any, InvalidSession], Any] | None


def lives_of(request: Any) -> list[RequestLife]:
    """Return the sessions that the application has asked for in a request, usually one."""
    lives: list[RequestLife] = request.__dict__.get(_LIVES, [])
    return lives


def remember_response(request: Any, response: Any) -> None:
    """Keep the response for sessions that are first used after the response callbacks. A response callback."""
    request.__dict__[_RESPONSE] = response


class RequestLife:
    """Saves the session of a request and sets its cookie.

    The tween saves first, under the exception views. What is written later, in response callbacks, subscribers to NewResponse and
    finished callbacks, is saved after them: the response is sent when all of them are over.
    """

    def __init__(self, request: Any, options: LifeOptions) -> None:
        self._options = options
        # Weak, because the request has the session.
        self._request = weakref.ref(request)
        self._web = RequestSession(options.client, options.web, _cookie_header(request), request.headers.get("Sec-Fetch-Mode"))
        self._loaded: Session | None = None
        self._is_unsaved = False
        self._arrived_token: str | None = None
        self._cookie = ResponseCookie(options.web.cookie)
        # The Set-Cookie headers that the response has for this session, and the state that they express. None: none yet.
        self._sent: list[str] = []
        self._sent_state: Any = None
        # What the caller of the application handles while it calls.
        self._outer_exception = sys.exc_info()[1]
        self._postponed: list[str] = []
        request.__dict__.setdefault(_LIVES, []).append(self)
        request.add_response_callback(self._on_response)
        request.add_finished_callback(self._on_finished)

    def session(self) -> PyramidSession:
        """Return what the application gets. It is not kept, because it has this object."""
        return PyramidSession(self._load, self._cookie, self._options.prepare_new)

    def save(self, response: Any, exception: BaseException | None) -> None:
        """Save the session, unless it is a new one that this response starts no cookie for.

        exception: what the view raised. None: it returned the response.

        Raises SessionError if the session could not be saved and the response reports no failure itself.
        """
        session = self._web.session
        if session is None or self._is_unsaved or (session.is_new and not self._options.allows_cookies(response)):
            return
        status = self._status(response, session, exception)
        self._web.before_headers(status)
        # It was reported. Each further attempt could take as long as the time limit of a call.
        self._is_unsaved = reports_failure(status) and session.has_changes

    def _load(self) -> Session:
        if self._loaded is None:
            self._loaded = session = self._web.load()
            self._arrived_token = session.token
            if session.token is None and self._web.failure is None:
                self._options.prepare_new(session)
                reason = reason_of(session)
                if reason is not None and self._options.on_invalid is not None:
                    self._options.on_invalid(self._request(), reason)
        return self._loaded

    def _on_response(self, request: Any, response: Any) -> None:
        remember_response(request, response)
        if not self._is_postponed("response", request.response_callbacks, request.add_response_callback, self._on_response):
            self._complete(request, response)

    def _on_finished(self, request: Any) -> None:
        if self._is_postponed("finished", request.finished_callbacks, request.add_finished_callback, self._on_finished):
            return
        response = request.__dict__.get(_RESPONSE)
        if response is None or sys.exc_info()[1] not in (None, self._outer_exception):
            self._end_without_response()
            return
        session = self._web.session
        has_changes = session is not None and session.has_changes and not self._is_unsaved
        if has_changes or self._state() != self._sent_state:
            try:
                self._complete(request, response)
            except Exception:
                self._end_without_response()
                raise
        if isinstance(response.app_iter, Generator):
            # Assigning the body would remove the header.
            length = response.content_length
            response.app_iter = self._streamed(response.app_iter, response.status_int, length)
            response.content_length = length

    def _is_postponed(self, stage: str, waiting: Any, add: Callable[[Any], None], callback: Callable[..., None]) -> bool:
        """Move a callback behind those that were added later, once: two that did so each time would go on without end."""
        if not waiting or stage in self._postponed:
            return False
        self._postponed.append(stage)
        add(callback)
        return True

    def _complete(self, request: Any, response: Any) -> None:
        """Save, and complete the headers of the response. Replaces what an earlier call has added to them."""
        if not self._web.is_used:
            return
        session = self._web.session
        exception = getattr(request, "exception", None)
        self.save(response, exception)
        # Requests of pyramid.testing have no scheme.
        is_https = getattr(request, "scheme", "http") == "https"
        headers = HeaderList(pair for pair in response.headerlist if pair[1] not in self._sent)
        if session is None:
            # It could not be loaded.
            self._web.write_headers(headers, response.status_int, is_https)
        elif self._options.allows_cookies(response):
            self._write_headers(headers, session, self._status(response, session, exception), is_https)
        else:
            self._leave_without_cookie(session)
            vary_by_cookie(headers)
        response.headerlist = headers.pairs
        self._sent_state = self._state()

    def _write_headers(self, headers: HeaderList, session: Session, status: int, is_https: bool) -> None:
        others = headers.get_all("Set-Cookie")
        self._web.write_headers(headers, status, is_https)
        is_allowed = self._options.web.cookie_on_exception or status < 500
        if self._cookie.is_renewed and is_allowed and session.token is not None:
            if session.token != self._arrived_token or self._web.is_current(session.token):
                self._cookie.write(headers, session.token, is_https)
        self._sent = [each for each in headers.get_all("Set-Cookie") if each not in others]

    def _leave_without_cookie(self, session: Session) -> None:
        """Leave no session stored whose token is not sent. If that fails, it expires by itself."""
        if session.token not in (None, self._arrived_token):
            with suppress(SessionError):
                session.invalidate()

    def _end_without_response(self) -> None:
        """Save what an existing session has. The server answers with status 500."""
        session = self._web.session
        if session is None:
            return
        if session.is_new:
            self._web.abandon()
        else:
            self._web.before_headers(500)

    def _streamed(self, body: Generator[bytes, Any, Any], status: int, length: int | None) -> Iterator[bytes]:
        """Save what the body writes before the client can know that it has ended.

        length: the number of bytes after which the client takes it for ended. None: when the server says so.
        """
        sent = 0
        try:
            for chunk in body:
                sent += len(chunk)
                last = [] if length is None or sent < length else list(body)
                if length is not None and sent >= length:
                    self._web.before_end(status)
                yield chunk
                yield from last
        finally:
            body.close()
        self._web.before_end(status)

    def _status(self, response: Any, session: Session, exception: BaseException | None) -> int:
        """Return the status that decides on the cookie: that of a failure if a new session is to get none after an exception."""
        status: int = response.status_int
        is_withheld = exception is not None and session.is_new and not self._options.web.cookie_on_exception
        return max(status, 500) if is_withheld else status

    def _state(self) -> Any:
        """Return what the cookie depends on. None: the session was not used."""
        session = self._web.session
        return None if session is None else (session.token, session.is_new, self._cookie.options, self._cookie.is_renewed)


def _cookie_header(request: Any) -> str | None:
    """Return the header of a request. Requests of pyramid.testing have cookies but no header."""
    header: str | None = request.headers.get("Cookie")
    return header or "; ".join(f"{name}={value}" for name, value in request.cookies.items())
