"""A FastAPI application whose pages do what the tests need, for uvicorn. Each path begins with the name of a configuration."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from typing import Any

from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, Request, Response, WebSocket
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, StreamingResponse
from session_sidecar import AsyncSession, AsyncSessionClient, SessionError
from session_sidecar.fastapi import ProtectForms, VisitorSession
from session_sidecar.starlette import SessionMiddleware, csrf_token, load_session
from session_sidecar.web import CookieOptions, WebOptions
from starlette.types import Receive, Scope, Send

client = AsyncSessionClient(os.environ["SIDECAR_ADDRESS"], timeout=30)
nowhere = AsyncSessionClient("127.0.0.1:1", timeout=0.3)

pages = APIRouter(default_response_class=PlainTextResponse)


async def other_request(session: AsyncSession) -> AsyncSession:
    """Return the session as a parallel request has it."""
    return await client.open(session.token)


def count(session: AsyncSession) -> str:
    session["visits"] = session.get("visits", 0) + 1
    return str(session["visits"])


def note(text: str | None) -> None:
    with open(os.environ["NOTES"], "w") as notes:
        notes.write(text or "")


@pages.get("/untouched")
async def untouched() -> str:
    return "plain"


@pages.get("/read")
async def read(session: VisitorSession) -> JSONResponse:
    return JSONResponse(dict(session))


@pages.api_route("/count", methods=["GET", "HEAD"])
async def visit(session: VisitorSession) -> str:
    return count(session)


@pages.get("/put/{key}")
def put(key: str, session: VisitorSession) -> str:
    session[key] = True  # In a thread, as FastAPI calls functions that are not async.
    return key


@pages.get("/login")
async def login(session: VisitorSession) -> RedirectResponse:
    session["user"] = "Ada"
    await session.regenerate()
    return RedirectResponse("read", 303)


@pages.get("/login-overtaken/{choice}")
async def login_overtaken(choice: str, session: VisitorSession) -> RedirectResponse:
    session["user"] = "Ada"
    await (await other_request(session)).regenerate()
    await session.regenerate(or_create=choice == "or-create")
    return RedirectResponse("/plain/read", 303)


@pages.get("/logout")
async def logout(session: VisitorSession) -> str:
    await session.invalidate()
    return "done"


@pages.get("/flash")
async def flash(session: VisitorSession) -> RedirectResponse:
    session.flash("Saved")
    return RedirectResponse("messages", 303)


@pages.get("/messages")
async def messages(session: VisitorSession) -> JSONResponse:
    return JSONResponse(await session.pop_flash())


@pages.get("/raised")
async def raised(session: VisitorSession) -> None:
    count(session)
    raise HTTPException(303, headers={"Location": "read"})


@pages.get("/not-modified")
async def not_modified(session: VisitorSession) -> Response:
    count(session)
    return Response(status_code=304, headers={"ETag": '"1"'})


@pages.get("/public")
async def public(session: VisitorSession) -> Response:
    response = PlainTextResponse(count(session), headers={"Cache-Control": "public, max-age=60", "Vary": "Accept"})
    response.set_cookie("theme", "dark")
    return response


@pages.get("/refused")
async def refused(session: VisitorSession) -> None:
    count(session)
    raise HTTPException(403, "No.")


@pages.get("/crash")
async def crash(session: VisitorSession) -> None:
    count(session)
    raise RuntimeError("made up")


@pages.get("/crash-stored")
async def crash_stored(session: VisitorSession) -> None:
    await session.csrf_token()
    note(session.token)
    raise RuntimeError("made up")


@pages.get("/ended")
async def ended(session: VisitorSession) -> RedirectResponse:
    await (await other_request(session)).invalidate()
    session["note"] = "late"
    return RedirectResponse("read", 303)


@pages.get("/ended-and-failed")
async def ended_and_failed(session: VisitorSession) -> None:
    await (await other_request(session)).invalidate()
    session["note"] = "late"
    raise HTTPException(400, "The first failure.")


@pages.get("/too-large")
async def too_large(session: VisitorSession) -> Response:
    await session.regenerate()
    session["note"] = "too large " * 1000
    return PlainTextResponse("never sent", headers={"Cache-Control": "max-age=60"})


@pages.get("/not-json")
async def not_json(session: VisitorSession) -> str:
    session["list"] = []
    session["list"].append(object())
    return "never sent"


@pages.get("/stream")
async def stream(session: VisitorSession) -> StreamingResponse:
    session["note"] = "before"

    async def pieces() -> AsyncIterator[str]:
        yield "first "
        while "go" not in await other_request(session):
            await asyncio.sleep(0.005)
        session["late"] = True
        yield "second"

    return StreamingResponse(pieces())


@pages.get("/stream-too-late")
async def stream_too_late(request: Request) -> StreamingResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "begun"
        (await load_session(request))["note"] = "too late"

    return StreamingResponse(pieces())


@pages.get("/background")
async def background(session: VisitorSession, tasks: BackgroundTasks) -> str:
    def work() -> None:
        session["done"] = True

    tasks.add_task(work)
    return count(session)


@pages.get("/at-once")
async def at_once(request: Request) -> JSONResponse:
    loaded = await asyncio.gather(*(load_session(request) for _ in range(10)))
    return JSONResponse(len(set(map(id, loaded))))


@pages.get("/request-session")
async def request_session(request: Request) -> JSONResponse:
    await load_session(request)
    request.session["note"] = "new"
    return JSONResponse(dict(request.session))


@pages.get("/not-loaded")
async def not_loaded(request: Request) -> str:
    try:
        request.session["note"] = "lost"
    except RuntimeError as error:
        return str(error)
    return "no error"


@pages.get("/form")
async def form(session: VisitorSession) -> str:
    return await csrf_token(session)


@pages.post("/form")
async def submit(request: Request, session: VisitorSession) -> str:
    await request.form()
    return count(session)


@pages.get("/remember/{choice}")
async def remember(choice: str, session: VisitorSession) -> str:
    session["remember"] = choice == "yes"
    return count(session)


@pages.websocket("/socket")
async def socket(websocket: WebSocket) -> None:
    session = await load_session(websocket)
    await websocket.accept()
    async for message in websocket.iter_text():
        session["said"] = message
        await session.save()
        await websocket.send_json(dict(session))


def make_app(
    sidecar: AsyncSessionClient, options: WebOptions | None = None, handler: Callable[..., Any] | None = None, debug: bool = False
) -> FastAPI:
    app = FastAPI(dependencies=[ProtectForms], debug=debug)
    app.add_middleware(SessionMiddleware, client=sidecar, options=options, trusted_origins=["https://trusted.example"])
    app.include_router(pages)
    if handler is not None:
        app.add_exception_handler(SessionError, handler)
    return app


async def handle(request: Request, error: SessionError) -> PlainTextResponse:
    return PlainTextResponse(f"{error.code} {dict(await load_session(request))}", error.status)


plain = make_app(client)


@plain.exception_handler(500)
async def show_crash(request: Request, _error: Exception) -> PlainTextResponse:
    return PlainTextResponse(f"crashed {len(await load_session(request))}", 500)


month = 30 * 24 * 3600
apps = {
    "plain": plain,
    "handled": make_app(client, handler=handle),
    "strict": make_app(client, WebOptions(cookie_on_exception=False)),
    "remember": make_app(client, WebOptions(cookie=CookieOptions(max_age=month), remember="remember")),
    "down": make_app(nowhere),
    "down-handled": make_app(nowhere, handler=handle),
    "read-only": make_app(nowhere, WebOptions(when_unavailable="read-only")),
}


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "lifespan":
        await plain(scope, receive, send)
        return
    name = scope["path"].split("/")[1]
    await apps[name]({**scope, "root_path": f"/{name}"}, receive, send)
