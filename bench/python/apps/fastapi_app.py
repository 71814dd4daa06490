"""The shop on FastAPI: the sidecar's middleware, or that of starsessions on Redis."""

from __future__ import annotations

from typing import Any

from apps.environment import ADDRESS, CACHE_BYTES, REDIS_PORT, TIMEOUT, USES_SIDECAR
from fastapi import FastAPI, Request
from shop import next_page, shop_session

app = FastAPI()

if USES_SIDECAR:
    from session_sidecar import AsyncSessionClient
    from session_sidecar.starlette import SessionMiddleware, load_session

    app.add_middleware(SessionMiddleware, client=AsyncSessionClient(ADDRESS, timeout=TIMEOUT, cache_bytes=CACHE_BYTES))
else:
    from redis.asyncio import Redis
    from starsessions import SessionMiddleware, load_session
    from starsessions.stores.redis import RedisStore

    store = RedisStore(connection=Redis(host="127.0.0.1", port=REDIS_PORT))
    app.add_middleware(SessionMiddleware, store=store, cookie_https_only=False)


@app.get("/")
async def read_user(request: Request) -> dict[str, Any]:
    await load_session(request)
    return {"user": request.session["user"]}


@app.post("/page")
async def change_page(request: Request) -> dict[str, Any]:
    await load_session(request)
    request.session["page"] = next_page()
    return {"user": request.session["user"], "page": request.session["page"]}


@app.post("/sessions/{size}/{n}")
async def create(request: Request, size: str, n: int) -> dict[str, Any]:
    await load_session(request)
    request.session.update(shop_session(n, size))
    return {"user": request.session["user"]}
