"""The extension of a Flask application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from flask import Flask
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException, default_exceptions

from ..client import SessionClient
from ..errors import SessionError
from .default_handlers import handle_by_default
from .interface import SidecarSessionInterface


class SessionSidecar:
    """Makes flask.session the visitor's session, kept by the sidecar.

    The session is loaded when the application first uses it, and saved before the headers of the response are sent: after the
    functions of after_request, also if the view has raised an HTTPException, such as that of abort(). If saving fails, the
    response is discarded, and the error goes to the application's error handlers. Without one for SessionError, it becomes an
    HTTPException of status 409 if the session has ended meanwhile, 413 if it would exceed a limit, and 503 if the sidecar or its
    store is unavailable.

    Of the configuration, all SESSION_COOKIE_*, PERMANENT_SESSION_LIFETIME and SESSION_REFRESH_EACH_REQUEST are used. Where
    Flask's default is weaker than what the cookie would be without configuration, it counts as absent: the name "session", Secure
    False, SameSite None.

    app: default: none; call init_app() later.
    address: where the sidecar listens, such as "localhost:50051". Default: the configuration's SESSION_SIDECAR_ADDRESS.
    client: instead of an address, a client with other options.
    cookie_on_exception, when_unavailable, on_unsaved: those of WebOptions.

    Raises TypeError or ValueError for an option or a cookie that cannot be used. The message names it.
    """

    def __init__(
        self,
        app: Flask | None = None,
        address: str | None = None,
        *,
        client: SessionClient | None = None,
        cookie_on_exception: bool = True,
        when_unavailable: Literal["fail", "read-only"] = "fail",
        on_unsaved: Callable[[Exception], None] | None = None,
    ) -> None:
        if address is not None and client is not None:
            raise ValueError("Expected either `address` or `client`, got both")
        self._address = address
        self._client = client
        self._options: dict[str, Any] = {"cookie_on_exception": cookie_on_exception, "when_unavailable": when_unavailable}
        if on_unsaved is not None:
            self._options["on_unsaved"] = on_unsaved
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Give an application its sessions. Several may share one extension."""
        client = self._client or SessionClient(self._address_for(app))
        interface = SidecarSessionInterface(client, self._options)
        # Mistakes are found now rather than at the first request.
        interface.options_of(app)
        app.session_interface = interface
        handle_by_default(app, SessionError, lambda error: _answer(app, error))
        app.extensions["session_sidecar"] = client

    def _address_for(self, app: Flask) -> str:
        address = self._address or app.config.get("SESSION_SIDECAR_ADDRESS")
        if not isinstance(address, str):
            raise ValueError("Expected `address`, `client` or the configuration's SESSION_SIDECAR_ADDRESS, got none of them")
        return address


def _answer(app: Flask, error: SessionError) -> ResponseReturnValue | HTTPException:
    """Answer as if the view had called abort(), so that the application's handlers for a status work."""
    if error.status >= 500:
        app.logger.error("%s", error)
    failure = default_exceptions[error.status]()
    failure.__cause__ = error
    return app.handle_http_exception(failure)
