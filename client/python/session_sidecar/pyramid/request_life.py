"""The session of one request, from its first use to the response."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..client import SessionClient
from ..errors import SessionError
from ..session import Session
from ..web import HeaderList, RequestSession, WebOptions, reports_failure
from ..web.response_headers import vary_by_cookie
from .invalid_session import InvalidSession, reason_of
from .response_cookie import ResponseCookie
from .retrying import hand_over, handed_over, is_retried
from .session import PyramidSession
from .streaming import streamed

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


def exception_of(request: Any) -> BaseException | None:
    """Return the exception that an exception view has answered."""
    exception: BaseException | None = getattr(request, "exception", None)
    return exception


def remember_response(request: Any, response: Any) -> None:
    """Keep the response for sessions that are first used after the response callbacks. A response callback."""
    request.__dict__[_RESPONSE] = response


class RequestLife:
    """Saves the session of a request and sets its cookie.

    The tween saves first, under the exception views. What is written later, in response callbacks, subscribers to NewResponse and
    finished callbacks, is saved after them: the response is sent when all of them are over. Looking for changes inside values
    takes time, so it is done again only if the application has used the session in between.
    """

    def __init__(self, request: Any, options: LifeOptions) -> None:
        self._options = options
        # Weak, because the request has the session.
        self._request = weakref.ref(request)
        cookie, replacement = _cookie_header(request), handed_over(request)
        if replacement is not None:
            cookie = f"{options.web.cookie.name}={replacement}; {cookie}"
        self._web = RequestSession(options.client, options.web, cookie, request.headers.get("Sec-Fetch-Mode"))
        self._loaded: Session | None = None
        # How often the application has used the session, and that number and the status of the response when it was saved.
        self._uses = 0
        self._saved_at: Any = None
        self._is_unsaved = False
        self._arrived_token: str | None = None
        self._cookie = ResponseCookie(options.web.cookie)
        if replacement is not None:
            # The browser does not have it yet.
            self._cookie.renew()
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
        if self._saved_at == (self._uses, status):
            return
        self._web.before_headers(status)
        self._saved_at = (self._uses, status)
        # It was reported. Each further attempt could take as long as the time limit of a call.
        self._is_unsaved = reports_failure(status) and session.has_changes

    def _load(self) -> Session:
        self._uses += 1
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
        if self._is_postponed("response", request.response_callbacks, request.add_response_callback, self._on_response):
            return
        if is_retried(request, exception_of(request)):
            self._discard(request)
        else:
            self._complete(request, response)

    def _on_finished(self, request: Any) -> None:
        if self._is_postponed("finished", request.finished_callbacks, request.add_finished_callback, self._on_finished):
            return
        response = request.__dict__.get(_RESPONSE)
        raised = sys.exc_info()[1]
        is_answered = raised in (None, self._outer_exception)
        if is_retried(request, exception_of(request) if is_answered else raised):
            self._discard(request)
            return
        if response is None or not is_answered:
            self._end_without_response()
            return
        if self._state() != self._sent_state:
            try:
                self._complete(request, response)
            except Exception:
                self._end_without_response()
                raise
        if isinstance(response.app_iter, Generator):
            # Assigning the body would remove the header.
            length = response.content_length
            response.app_iter = streamed(response.app_iter, length, partial(self._web.before_end, response.status_int))
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
        exception = exception_of(request)
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

    def _discard(self, request: Any) -> None:
        """Save nothing, because the next attempt begins anew. What was stored at once stays, and its token is not lost."""
        session = self._web.session
        if session is None:
            return
        if session.is_new:
            self._web.abandon()
        elif session.token is not None and session.token != self._arrived_token:
            hand_over(request, session.token)

    def _status(self, response: Any, session: Session, exception: BaseException | None) -> int:
        """Return the status that decides on the cookie: that of a failure if a new session is to get none after an exception."""
        status: int = response.status_int
        is_withheld = exception is not None and session.is_new and not self._options.web.cookie_on_exception
        return max(status, 500) if is_withheld else status

    def _state(self) -> Any:
        """Return what decides on the response. None: the session was not used."""
        session = self._web.session
        cookie = (self._cookie.options, self._cookie.is_renewed)
        return None if session is None else (self._uses, session.token, session.is_new, *cookie)


def _cookie_header(request: Any) -> str | None:
    """Return the header of a request. Requests of pyramid.testing have cookies but no header."""
    header: str | None = request.headers.get("Cookie")
    return header or "; ".join(f"{name}={value}" for name, value in request.cookies.items())
