"""A shop with login, cart and flash messages, on FastAPI."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, HTTPException, Request
from fastapi.responses import HTMLResponse, PlainTextResponse, RedirectResponse
from fastapi.templating import Jinja2Templates
from session_sidecar import SessionError
from session_sidecar.fastapi import ProtectForms, VisitorSession
from session_sidecar.starlette import SessionMiddleware, csrf_token

PRODUCTS = {"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}

app = FastAPI(dependencies=[ProtectForms], default_response_class=HTMLResponse)
app.add_middleware(SessionMiddleware, address=os.environ.get("SIDECAR_ADDRESS", "127.0.0.1:50051"))
templates = Jinja2Templates(Path(__file__).parent / "templates")


@app.get("/")
async def shop(request: Request, session: VisitorSession) -> Any:
    # A form needs a session, which the front page must not store for every visitor and crawler.
    token = None if session.is_new else await csrf_token(session)
    page = {"session": session, "messages": await session.pop_flash(), "products": PRODUCTS, "token": token}
    return templates.TemplateResponse(request, "shop.html", page)


@app.get("/products/{product}")
async def product(request: Request, product: str, session: VisitorSession) -> Any:
    if product not in PRODUCTS:
        raise HTTPException(404)
    page = {"id": product, "name": PRODUCTS[product], "token": await csrf_token(session)}
    return templates.TemplateResponse(request, "product.html", page)


@app.post("/cart")
async def add_to_cart(session: VisitorSession, product: Annotated[str, Form()]) -> Any:
    if product not in PRODUCTS:
        raise HTTPException(400, "There is no such product.")
    name = PRODUCTS[product]
    # get() and an assignment would lose one of two simultaneous clicks.
    await session.transform("cart", lambda cart: [*(cart or []), name])
    session.flash(f"{name} is in your cart.")
    return RedirectResponse("/", 303)


@app.get("/login")
async def login_form(request: Request, session: VisitorSession) -> Any:
    return templates.TemplateResponse(request, "login.html", {"token": await csrf_token(session)})


@app.post("/login")
async def login(session: VisitorSession, name: Annotated[str, Form(min_length=1)]) -> Any:
    # A real shop checks a password here.
    session["user"] = name
    session.subject = name
    session.flash(f"Welcome, {name}!")
    # An attacker may know the token from before the login, so it must not remain valid (session fixation).
    # The second of two clicks signs in, too.
    await session.regenerate(or_create=True)
    return RedirectResponse("/", 303)


@app.post("/logout")
async def logout(session: VisitorSession) -> Any:
    await session.invalidate()
    session.flash("You are signed out.")
    return RedirectResponse("/", 303)


@app.exception_handler(SessionError)
async def show_error(_request: Request, error: SessionError) -> PlainTextResponse:
    if error.status == 409:
        return PlainTextResponse("Your session has ended, for example because you signed out in another window.", 409)
    return PlainTextResponse("Something went wrong. Please try again later.", error.status)


if __name__ == "__main__":
    import uvicorn

    config = uvicorn.Config(app, port=int(os.environ.get("PORT", "3000")), log_level="warning")
    socket = config.bind_socket()
    socket.listen()
    print(f"The shop is open: http://127.0.0.1:{socket.getsockname()[1]}", flush=True)
    uvicorn.Server(config).run(sockets=[socket])
