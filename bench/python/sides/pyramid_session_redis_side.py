"""pyramid_session_redis with default options. As Pyramid does, this side runs the callbacks of a request at its end."""

from __future__ import annotations

from typing import Any

from pyramid.registry import Registry
from pyramid.request import Request
from pyramid.response import Response
from pyramid_session_redis import RedisSessionFactory
from shop import check_user, next_page

COOKIE = "session"


class PyramidSide:
    def __init__(self, redis_port: int) -> None:
        self._factory = RedisSessionFactory("a secret", redis_host="127.0.0.1", redis_port=redis_port)
        self._registry = Registry()

    def _request(self, cookie: str) -> Any:
        environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
        if cookie:
            environ["HTTP_COOKIE"] = f"{COOKIE}={cookie}"
        request = Request(environ)
        request.registry = self._registry
        request.exception = None
        return request

    def _finish(self, request: Any) -> Any:
        response = Response()
        request._process_response_callbacks(response)
        request._process_finished_callbacks()
        return response

    def create(self, values: dict[str, Any]) -> str:
        request = self._request("")
        self._factory(request).update(values)
        cookie: str = self._finish(request).headers["Set-Cookie"]
        return cookie.split(";", 1)[0].split("=", 1)[1]

    def _open(self, request: Any, n: int) -> Any:
        session = self._factory(request)
        check_user(session["user"], n)
        return session

    def read(self, id: str, n: int) -> None:
        request = self._request(id)
        self._open(request, n)
        self._finish(request)

    def write(self, id: str, n: int) -> None:
        request = self._request(id)
        self._open(request, n)["page"] = next_page()
        self._finish(request)

    def close(self) -> None:
        pass


def start(target: dict[str, Any]) -> PyramidSide:
    return PyramidSide(target["redisPort"])
