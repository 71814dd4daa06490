"""A shop with login, cart and flash messages, on Flask."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import Any

import flask
from flask import Flask, Response, abort, make_response, redirect, render_template, request
from session_sidecar import Session, SessionClient, SessionError

PRODUCTS = {"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}

app = Flask(__name__)
sessions = SessionClient(os.environ.get("SIDECAR_ADDRESS", "127.0.0.1:50051"))


def with_session(view: Callable[..., Any]) -> Callable[..., Response]:
    """Open the session of a request, check the CSRF token of forms, and save and set the cookie before the response is sent."""

    @wraps(view)
    def wrapped(**arguments: str) -> Response:
        token = request.cookies.get("session")
        session: Session = sessions.open(token)
        was_found = not session.is_new
        if request.method == "POST" and not session.check_csrf_token(request.form.get("csrf_token")):
            abort(403, "This form is out of date. Please go back, reload the page and try again.")
        response = make_response(view(session, **arguments))
        session.save()
        if session.token and session.token != token:
            response.set_cookie("session", session.token, httponly=True, samesite="Lax", secure=request.is_secure)
        elif was_found and not session.token:
            response.delete_cookie("session", httponly=True, samesite="Lax", secure=request.is_secure)
        return response

    return wrapped


@app.get("/")
@with_session
def shop(session: Session) -> str:
    token = None if session.is_new else session.csrf_token()
    return render_template("shop.html", session=session, messages=session.pop_flash(), products=PRODUCTS, token=token)


@app.get("/products/<product>")
@with_session
def product(session: Session, product: str) -> str:
    return render_template("product.html", id=product, name=PRODUCTS.get(product) or abort(404), token=session.csrf_token())


@app.post("/cart")
@with_session
def add_to_cart(session: Session) -> flask.typing.ResponseReturnValue:
    name = PRODUCTS.get(request.form.get("product", "")) or abort(400, "There is no such product.")
    # get() and an assignment would lose one of two simultaneous clicks.
    session.transform("cart", lambda cart: [*(cart or []), name])
    session.flash(f"{name} is in your cart.")
    return redirect("/", 303)


@app.get("/login")
@with_session
def login_form(session: Session) -> str:
    return render_template("login.html", token=session.csrf_token())


@app.post("/login")
@with_session
def login(session: Session) -> flask.typing.ResponseReturnValue:
    user = request.form.get("name") or abort(400, "Please enter your name.")
    session["user"] = user
    session.subject = user
    session.flash(f"Welcome, {user}!")
    # An attacker may know the token from before the login, so it must not remain valid (session fixation).
    session.regenerate()
    return redirect("/", 303)


@app.post("/logout")
@with_session
def logout(session: Session) -> flask.typing.ResponseReturnValue:
    session.invalidate()
    session.flash("You are signed out.")
    return redirect("/", 303)


@app.errorhandler(SessionError)
def show_error(error: SessionError) -> flask.typing.ResponseReturnValue:
    if error.status == 409:
        return "Your session has ended, for example because you signed out in another window.", 409
    app.logger.error(error)
    return "Something went wrong. Please try again later.", error.status


if __name__ == "__main__":
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), app, threaded=True)
    print(f"The shop is open: http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
