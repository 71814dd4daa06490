"""Protection of forms against cross-site request forgery."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Forbidden, HTTPException

from ..web import CSRF_FIELD, CSRF_HEADER, CsrfCheck, CsrfError, RequestOrigin
from .default_handlers import handle_by_default
from .flask_session import session

View = TypeVar("View", bound=Callable[..., Any])


def csrf_token() -> str:
    """Return the CSRF token that a form of this page must carry. Templates have this function, too.

    It is masked: each call returns another text, and all of them are accepted. A form that is shown to a new visitor stores a
    session.
    """
    return session.csrf_token()


class CsrfProtect:
    """Rejects requests that change something without proof that they come from the application's own pages, with a CsrfError,
    status 403.

    Create it after SessionSidecar. Forms send the proof as the field csrf_token, scripts as the header X-CSRF-Token.

    app: default: none; call init_app() later.
    trusted_origins: origins, such as "https://shop.example.com", whose pages may send such requests, beside those of the
        application's own host. Their requests need the token, too. Default: none.
    """

    def __init__(self, app: Flask | None = None, *, trusted_origins: Iterable[str] = ()) -> None:
        self._check = CsrfCheck.of(trusted_origins)
        self._exempt: set[Callable[..., Any]] = set()
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Protect an application."""
        app.before_request(self._protect)
        app.jinja_env.globals["csrf_token"] = csrf_token
        handle_by_default(app, CsrfError, lambda error: _answer(app, error))

    def exempt(self, view: View) -> View:
        """Leave a view out, for example a webhook. A decorator, below that of the route."""
        self._exempt.add(view)
        return view

    def _protect(self) -> None:
        if current_app.view_functions.get(request.endpoint or "") in self._exempt:
            return
        if not self._check.needs_token(request.method, RequestOrigin(request.headers.get, request.host)):
            return
        token = self._check.token_of(request.headers.get(CSRF_HEADER), lambda: request.form.get(CSRF_FIELD))
        self._check.check_token(session.loaded, token)


def _answer(app: Flask, error: CsrfError) -> ResponseReturnValue | HTTPException:
    return app.handle_http_exception(Forbidden(str(error)))
