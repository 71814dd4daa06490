"""The shop on Flask: the sidecar's extension, or Flask-Session on Redis."""

from __future__ import annotations

from typing import Any

from apps.environment import ADDRESS, CACHE_BYTES, REDIS_PORT, TIMEOUT, USES_SIDECAR
from flask import Flask, session
from shop import next_page, shop_session

app = Flask("shop")

if USES_SIDECAR:
    from session_sidecar import SessionClient
    from session_sidecar.flask import SessionSidecar

    SessionSidecar(app, client=SessionClient(ADDRESS, timeout=TIMEOUT, cache_bytes=CACHE_BYTES))
else:
    from flask_session import Session
    from redis import Redis

    app.config.update(SESSION_TYPE="redis", SESSION_REDIS=Redis("127.0.0.1", REDIS_PORT))
    Session(app)


@app.get("/")
def read_user() -> dict[str, Any]:
    return {"user": session["user"]}


@app.post("/page")
def change_page() -> dict[str, Any]:
    session["page"] = next_page()
    return {"user": session["user"], "page": session["page"]}


@app.post("/sessions/<size>/<int:n>")
def create(size: str, n: int) -> dict[str, Any]:
    session.update(shop_session(n, size))
    return {"user": session["user"]}
