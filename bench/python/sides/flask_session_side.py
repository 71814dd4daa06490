"""Flask-Session on Redis. As Flask does, this side opens the session of a request and saves it with the response."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request
from flask_session import Session
from redis import Redis
from shop import check_user, next_page


class FlaskSide:
    def __init__(self, redis_port: int) -> None:
        self._app = Flask("shop")
        self._app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis("127.0.0.1", redis_port))
        Session(self._app)
        self._interface = self._app.session_interface

    def _open(self, cookie: str) -> Any:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
        if cookie:
            environ["HTTP_COOKIE"] = f"session={cookie}"
        return self._interface.open_session(self._app, Request(environ))

    def _save(self, session: Any) -> None:
        self._interface.save_session(self._app, session, self._app.response_class())

    def create(self, values: dict[str, Any]) -> str:
        session = self._open("")
        session.update(values)
        self._save(session)
        return str(session.sid)

    def read(self, id: str, n: int) -> None:
        session = self._open(id)
        check_user(session["user"], n)
        self._save(session)

    def write(self, id: str, n: int) -> None:
        session = self._open(id)
        check_user(session["user"], n)
        session["page"] = next_page()
        self._save(session)

    def close(self) -> None:
        pass


def start(target: dict[str, Any]) -> FlaskSide:
    return FlaskSide(target["redisPort"])
