"""The contract on FastAPI: uvicorn contract_fastapi:app."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import AsyncIterator

from fastapi import FastAPI, HTTPException, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from session_sidecar import AsyncSessionClient
from session_sidecar.fastapi import VisitorSession
from session_sidecar.starlette import SessionMiddleware

client = AsyncSessionClient(os.environ["SIDECAR_ADDRESS"], timeout=int(os.environ["TIMEOUT_MS"]) / 1000)
app = FastAPI(default_response_class=PlainTextResponse)
app.add_middleware(SessionMiddleware, client=client)

opened: defaultdict[str, asyncio.Event] = defaultdict(asyncio.Event)
reached_gates: set[str] = set()


async def wait_at(gate: str) -> None:
    reached_gates.add(gate)
    await opened[gate].wait()


@app.get("/plain")
async def plain() -> str:
    return "plain"


@app.get("/get")
async def get(session: VisitorSession, key: str) -> Response:
    return JSONResponse(session.get(key))


@app.api_route("/set", methods=["GET", "HEAD"])
async def set_value(session: VisitorSession, key: str, value: str) -> str:
    session[key] = value
    return "set"


@app.get("/add")
async def add(session: VisitorSession, key: str, value: str) -> str:
    await session.transform(key, lambda items: [*(items or []), value])
    return "added"


@app.get("/public")
async def public(session: VisitorSession, key: str, value: str, response: Response) -> str:
    session[key] = value
    response.headers["Cache-Control"] = "public, max-age=60"
    response.set_cookie("theme", "dark")
    return "public"


@app.get("/cached")
async def cached(session: VisitorSession, key: str, value: str) -> Response:
    session[key] = value
    return Response(status_code=304, headers={"ETag": '"1"'})


@app.get("/flash")
async def flash(session: VisitorSession, message: str) -> Response:
    session.flash(message)
    return RedirectResponse("/messages", 303)


@app.get("/messages")
async def messages(session: VisitorSession) -> Response:
    return JSONResponse(await session.pop_flash())


@app.get("/login")
async def login(session: VisitorSession, user: str, label: str | None = None) -> str:
    session["user"] = user
    session.label = label
    await session.regenerate()
    return "in"


@app.get("/logout")
async def logout(session: VisitorSession) -> str:
    await session.invalidate()
    return "out"


@app.get("/redirect")
async def raise_redirect(session: VisitorSession, key: str, value: str) -> str:
    session[key] = value
    raise HTTPException(303, headers={"Location": "/plain"})


@app.get("/missing")
async def missing(session: VisitorSession, key: str, value: str) -> str:
    session[key] = value
    raise HTTPException(404)


@app.get("/fail")
async def fail(session: VisitorSession, key: str, value: str) -> str:
    session[key] = value
    raise ValueError("made up")


@app.get("/stream")
async def stream(session: VisitorSession, key: str, value: str, gate: str) -> Response:
    session[key] = value

    async def pieces() -> AsyncIterator[str]:
        yield "first "
        await wait_at(gate)
        yield "second"

    return StreamingResponse(pieces())


@app.get("/slow")
async def slow(session: VisitorSession, key: str, value: str, gate: str) -> str:
    session[key] = value
    await wait_at(gate)
    return "slow"


@app.get("/reached")
async def reached(gate: str) -> str:
    return "true" if gate in reached_gates else "false"


@app.get("/open")
async def open_named(gate: str) -> str:
    opened[gate].set()
    return "open"
