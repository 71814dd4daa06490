"""How Flask opens and saves sessions of the sidecar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from flask import Flask, Request, Response
from flask import request as current_request
from flask.sessions import SessionInterface, SessionMixin
from werkzeug.wsgi import ClosingIterator

from ..client import SessionClient
from ..web import HeaderList, RequestSession, WebOptions
from .cookie_config import CookieSettings, cookie_of, cookie_settings
from .flask_session import PERMANENT, FlaskSession


class SidecarSessionInterface(SessionInterface):
    """
    client: opens the sessions.
    given: options of SessionSidecar: keyword arguments of WebOptions.
    """

    def __init__(self, client: SessionClient, given: dict[str, Any]) -> None:
        self._client = client
        self._given = given
        self._resolved: tuple[CookieSettings, WebOptions] | None = None

    def options_of(self, app: Flask) -> WebOptions:
        """Return the options, for the configuration that the application has now: it may be completed after the extension."""
        settings = cookie_settings(app)
        resolved = self._resolved
        if resolved is None or resolved[0] != settings:
            resolved = self._resolved = (settings, WebOptions(cookie=cookie_of(app), remember=PERMANENT, **self._given))
        return resolved[1]

    def open_session(self, app: Flask, request: Request) -> FlaskSession:
        options, headers = self.options_of(app), request.headers
        request_session = RequestSession(self._client, options, headers.get("Cookie"), headers.get("Sec-Fetch-Mode"))
        return FlaskSession(request_session, app.permanent_session_lifetime)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        assert isinstance(session, FlaskSession)
        request_session = session.request_session
        try:
            session.write_permanent()
            request_session.before_headers(response.status_code)
        except Exception as error:
            # Flask asks no error handler any more. The handler's response comes here again, to have its headers completed.
            failed = app.make_response(app.handle_user_exception(error))
            _replace(response, app.process_response(failed))
            return
        headers = HeaderList(response.headers)
        request_session.write_headers(headers, response.status_code, current_request.is_secure)
        response.headers.clear()
        response.headers.extend(headers.pairs)
        if response.is_streamed and not response.direct_passthrough:
            _save_at_end(response, request_session)


def _replace(response: Response, other: Response) -> None:
    """Make a response, which Flask goes on with, another one."""
    discarded: Any = response.response
    if hasattr(discarded, "close"):
        discarded.close()
    response.status = other.status
    response.headers = other.headers
    response.response = other.response
    response.direct_passthrough = other.direct_passthrough
    response.call_on_close(other.close)


def _save_at_end(response: Response, request_session: RequestSession) -> None:
    chunks: Iterable[Any] = response.response

    def until_saved() -> Iterator[Any]:
        yield from chunks
        # If it raises, the server closes the connection, so that the response is not mistaken for a complete one.
        request_session.before_end(response.status_code)

    # Without this, what was never begun, as for HEAD, would not be closed.
    response.response = ClosingIterator(until_saved(), getattr(chunks, "close", None))
