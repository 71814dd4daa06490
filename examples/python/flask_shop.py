"""A shop with login, cart and flash messages, on Flask."""

from __future__ import annotations

import os

from flask import Flask, abort, flash, get_flashed_messages, redirect, render_template, request
from flask.typing import ResponseReturnValue
from session_sidecar.flask import CsrfProtect, SessionSidecar, csrf_token, session

PRODUCTS = {"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}

app = Flask(__name__)
SessionSidecar(app, os.environ.get("SIDECAR_ADDRESS", "127.0.0.1:50051"))
CsrfProtect(app)


@app.get("/")
def shop() -> str:
    # A form needs a session, which the front page must not store for every visitor and crawler.
    token = None if session.is_new else csrf_token()
    return render_template("shop.html", session=session, messages=get_flashed_messages(), products=PRODUCTS, token=token)


@app.get("/products/<product>")
def product(product: str) -> str:
    name = PRODUCTS.get(product) or abort(404)
    return render_template("product.html", id=product, name=name, token=csrf_token())


@app.post("/cart")
def add_to_cart() -> ResponseReturnValue:
    name = PRODUCTS.get(request.form.get("product", "")) or abort(400, "There is no such product.")
    # get() and an assignment would lose one of two simultaneous clicks.
    session.transform("cart", lambda cart: [*(cart or []), name])
    flash(f"{name} is in your cart.")
    return redirect("/", 303)


@app.get("/login")
def login_form() -> str:
    return render_template("login.html", token=csrf_token())


@app.post("/login")
def login() -> ResponseReturnValue:
    # A real shop checks a password here.
    user = request.form.get("name") or abort(400, "Please enter your name.")
    session["user"] = user
    session.subject = user
    flash(f"Welcome, {user}!")
    # An attacker may know the token from before the login, so it must not remain valid (session fixation).
    # The second of two clicks signs in, too.
    session.regenerate(or_create=True)
    return redirect("/", 303)


@app.post("/logout")
def logout() -> ResponseReturnValue:
    session.invalidate()
    flash("You are signed out.")
    return redirect("/", 303)


@app.errorhandler(409)
def show_conflict(_error: Exception) -> ResponseReturnValue:
    return "Your session has ended, for example because you signed out in another window.", 409


@app.errorhandler(503)
def show_unavailable(_error: Exception) -> ResponseReturnValue:
    return "Something went wrong. Please try again later.", 503


if __name__ == "__main__":
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", int(os.environ.get("PORT", "3000")), app, threaded=True)
    print(f"The shop is open: http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
