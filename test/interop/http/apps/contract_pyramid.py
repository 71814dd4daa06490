"""The contract on Pyramid: gunicorn contract_pyramid:application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

from contract_gates import is_reached, open_gate, wait_at
from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPNotFound, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from session_sidecar.pyramid import regenerate


def write(request: Request) -> None:
    request.session[request.params["key"]] = request.params["value"]


def writing(answer: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """Return a view that writes before it answers."""

    def view(request: Request) -> Response:
        write(request)
        return answer(request)

    return view


def text(body: str) -> Callable[[Request], Response]:
    return lambda _: Response(body, content_type="text/plain")


def get(request: Request) -> Response:
    return Response(json_body=request.session.get(request.params["key"]))


def add(request: Request) -> Response:
    value = request.params["value"]
    request.session.transform(request.params["key"], lambda items: [*(items or []), value])
    return Response("added")


def public(_: Request) -> Response:
    response = Response("public", cache_control="public, max-age=60")
    response.set_cookie("theme", "dark")
    return response


def flash(request: Request) -> Response:
    request.session.flash(request.params["message"])
    return HTTPSeeOther("/messages")


def messages(request: Request) -> Response:
    return Response(json_body=request.session.pop_flash())


def login(request: Request) -> Response:
    request.session["user"] = request.params["user"]
    request.session.label = request.params.get("label")
    regenerate(request)
    return Response("in")


def logout(request: Request) -> Response:
    request.session.invalidate()
    return Response("out")


def raise_redirect(_: Request) -> Response:
    raise HTTPSeeOther("/plain")


def missing(_: Request) -> Response:
    raise HTTPNotFound


def fail(_: Request) -> Response:
    raise ValueError("made up")


def stream(request: Request) -> Response:
    def pieces() -> Iterator[bytes]:
        yield b"first "
        wait_at(request.params["gate"])
        yield b"second"

    return Response(app_iter=pieces())


def slow(request: Request) -> Response:
    wait_at(request.params["gate"])
    return Response("slow")


def reached(request: Request) -> Response:
    return Response(json_body=is_reached(request.params["gate"]))


def open_named(request: Request) -> Response:
    open_gate(request.params["gate"])
    return Response("open")


VIEWS: dict[str, Callable[[Request], Any]] = {
    "plain": text("plain"),
    "get": get,
    "set": writing(text("set")),
    "add": add,
    "public": writing(public),
    "cached": writing(lambda _: Response(status=304, headerlist=[("ETag", '"1"')])),
    "flash": flash,
    "messages": messages,
    "login": login,
    "logout": logout,
    "redirect": writing(raise_redirect),
    "missing": writing(missing),
    "fail": writing(fail),
    "stream": writing(stream),
    "slow": writing(slow),
    "reached": reached,
    "open": open_named,
}

settings = {
    "session_sidecar.address": os.environ["SIDECAR_ADDRESS"],
    "session_sidecar.call_timeout": str(int(os.environ["TIMEOUT_MS"]) / 1000),
}
with Configurator(settings=settings) as config:
    config.include("session_sidecar.pyramid")
    for name, view in VIEWS.items():
        config.add_route(name, f"/{name}")
        config.add_view(view, route_name=name)
    application = config.make_wsgi_app()
