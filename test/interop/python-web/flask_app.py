"""A Flask application whose pages do what the tests need, for gunicorn. Each path begins with the name of a configuration."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import flask
from flask import Flask, Response, abort, get_flashed_messages, redirect, stream_with_context
from flask.typing import ResponseReturnValue
from session_sidecar import SessionClient, SessionError
from session_sidecar.flask import CsrfProtect, SessionSidecar, csrf_token, session
from werkzeug.exceptions import NotFound
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix

client = SessionClient(os.environ["SIDECAR_ADDRESS"], timeout=30)
nowhere = SessionClient("127.0.0.1:1", timeout=0.3)

pages = flask.Blueprint("pages", __name__)


def other_request() -> Any:
    """Return the session as a parallel request has it."""
    return client.open(session.loaded.token)


def count() -> str:
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


@pages.get("/untouched")
def untouched() -> str:
    return "plain"


@pages.get("/read")
def read() -> ResponseReturnValue:
    return dict(session)


@pages.get("/count")
def visit() -> str:
    return count()


@pages.get("/put/<key>")
def put(key: str) -> str:
    session[key] = True
    return key


@pages.get("/login")
def login() -> ResponseReturnValue:
    session["user"] = "Ada"
    session.regenerate()
    return redirect("read", 303)


@pages.get("/login-overtaken/<choice>")
def login_overtaken(choice: str) -> ResponseReturnValue:
    session["user"] = "Ada"
    other_request().regenerate()
    session.regenerate(or_create=choice == "or-create")
    return redirect("/plain/read", 303)


@pages.get("/overtaken")
def overtaken() -> ResponseReturnValue:
    other_request().regenerate()
    return dict(session)


@pages.get("/logout")
def logout() -> str:
    session.invalidate()
    return "done"


@pages.get("/clear")
def clear() -> ResponseReturnValue:
    session.clear()
    session["user"] = "Bob"
    return dict(session)


@pages.get("/flash")
def flash() -> ResponseReturnValue:
    flask.flash("Saved")
    flask.flash("Careful", "warning")
    return redirect("messages", 303)


@pages.get("/messages")
def messages() -> ResponseReturnValue:
    return flask.jsonify(get_flashed_messages(with_categories=True))


@pages.get("/raised")
def raised() -> ResponseReturnValue:
    count()
    abort(redirect("read", 303))


@pages.get("/not-modified")
def not_modified() -> ResponseReturnValue:
    count()
    return "", 304, {"ETag": '"1"'}


@pages.get("/public")
def public() -> ResponseReturnValue:
    response = Response(count(), headers={"Cache-Control": "public, max-age=60", "Vary": "Accept"})
    response.set_cookie("theme", "dark")
    return response


@pages.get("/refused")
def refused() -> ResponseReturnValue:
    count()
    abort(403, "No.")


@pages.get("/crash")
def crash() -> ResponseReturnValue:
    count()
    raise RuntimeError("made up")


@pages.get("/crash-stored")
def crash_stored() -> ResponseReturnValue:
    csrf_token()
    with open(os.environ["NOTES"], "w") as notes:
        notes.write(session.loaded.token or "")
    raise RuntimeError("made up")


@pages.get("/ended")
def ended() -> ResponseReturnValue:
    other_request().invalidate()
    session["note"] = "late"
    return redirect("read", 303)


@pages.get("/ended-and-failed")
def ended_and_failed() -> ResponseReturnValue:
    other_request().invalidate()
    session["note"] = "late"
    abort(400, "The first failure.")


@pages.get("/too-large")
def too_large() -> ResponseReturnValue:
    session.regenerate()
    session["note"] = "too large " * 1000
    return "never sent", {"Cache-Control": "max-age=60"}


@pages.get("/not-json")
def not_json() -> ResponseReturnValue:
    session["list"] = []
    session["list"].append(object())
    return "never sent"


@pages.get("/stream")
def stream() -> ResponseReturnValue:
    session["note"] = "before"

    def pieces() -> Iterator[str]:
        yield "first "
        while "go" not in other_request():
            time.sleep(0.005)
        session["late"] = True
        yield "second"

    return Response(stream_with_context(pieces()))


@pages.get("/stream-too-late")
def stream_too_late() -> ResponseReturnValue:
    def pieces() -> Iterator[str]:
        yield "begun"
        session["note"] = "too late"

    return Response(stream_with_context(pieces()))


@pages.get("/form")
def form() -> str:
    return csrf_token()


@pages.post("/form")
def submit() -> str:
    return count()


@pages.get("/permanent")
def permanent() -> str:
    session.permanent = True
    return str(session.new)


@pages.get("/remember/<choice>")
def remember(choice: str) -> str:
    session.permanent = choice == "yes"
    return count()


@pages.get("/modified")
def modified() -> ResponseReturnValue:
    session.setdefault("list", []).append("nested")
    session.modified = True
    return dict(session)


def make_app(sidecar: SessionClient, refresh: bool = False, **options: Any) -> Flask:
    app = Flask(__name__)
    app.config.update(PERMANENT_SESSION_LIFETIME=timedelta(days=30), SESSION_REFRESH_EACH_REQUEST=refresh)
    SessionSidecar(app, client=sidecar, **options)
    CsrfProtect(app, trusted_origins=["https://trusted.example"])
    app.register_blueprint(pages)

    @app.after_request
    def mark(response: Response) -> Response:
        response.headers["X-Marked"] = "yes"
        return response

    return app


plain = make_app(client)
handled = make_app(client)


@handled.errorhandler(SessionError)
def handle(error: SessionError) -> ResponseReturnValue:
    return f"{error.code} {dict(session)}", error.status


@plain.errorhandler(500)
def show_crash(_error: Exception) -> ResponseReturnValue:
    return f"crashed {len(session)}", 500


apps: dict[str, Any] = {
    "/plain": plain,
    "/handled": handled,
    "/refresh": make_app(client, refresh=True),
    "/strict": make_app(client, cookie_on_exception=False),
    "/down": make_app(nowhere),
    "/down-handled": (down_handled := make_app(nowhere)),
    "/read-only": make_app(nowhere, when_unavailable="read-only"),
}
down_handled.register_error_handler(SessionError, handle)
app = ProxyFix(DispatcherMiddleware(NotFound(), apps), x_for=0)
