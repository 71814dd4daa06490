"""The shop on Pyramid and waitress: the sidecar's session factory, or that of pyramid_session_redis."""

from __future__ import annotations

import logging
from typing import Any

import waitress
from apps.environment import ADDRESS, CACHE_BYTES, PORT, REDIS_PORT, THREADS, TIMEOUT, USES_SIDECAR
from pyramid.config import Configurator
from shop import next_page, shop_session


def read_user(request: Any) -> dict[str, Any]:
    return {"user": request.session["user"]}


def change_page(request: Any) -> dict[str, Any]:
    request.session["page"] = next_page()
    return {"user": request.session["user"], "page": request.session["page"]}


def create(request: Any) -> dict[str, Any]:
    values = shop_session(int(request.matchdict["n"]), request.matchdict["size"])
    request.session.update(values)
    return {"user": request.session["user"]}


def add_sessions(config: Any) -> None:
    if USES_SIDECAR:
        config.add_settings(
            {
                "session_sidecar.address": ADDRESS,
                "session_sidecar.call_timeout": TIMEOUT,
                "session_sidecar.cache_bytes": CACHE_BYTES,
            }
        )
        config.include("session_sidecar.pyramid")
    else:
        from pyramid_session_redis import RedisSessionFactory

        config.set_session_factory(RedisSessionFactory("a secret", redis_host="127.0.0.1", redis_port=REDIS_PORT))


def create_app() -> Any:
    with Configurator() as config:
        add_sessions(config)
        for view, method, path in (
            (read_user, "GET", "/"),
            (change_page, "POST", "/page"),
            (create, "POST", "/sessions/{size}/{n}"),
        ):
            config.add_route(view.__name__, path)
            config.add_view(view, route_name=view.__name__, request_method=method, renderer="json")
        return config.make_wsgi_app()


if __name__ == "__main__":
    # While a side warms up, more requests wait than there are threads. waitress would warn of each.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # A side is stored and warmed up over more connections than waitress takes by default.
    server = waitress.create_server(create_app(), host="127.0.0.1", port=PORT, threads=THREADS, connection_limit=1000)
    server.run()
