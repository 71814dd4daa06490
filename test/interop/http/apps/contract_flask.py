"""The contract on Flask: gunicorn contract_flask:app."""

from __future__ import annotations

import os
from collections.abc import Iterator

from contract_gates import is_reached, open_gate, wait_at
from flask import Flask, Response, abort, flash, get_flashed_messages, jsonify, make_response, redirect, request
from session_sidecar import SessionClient
from session_sidecar.flask import SessionSidecar, session

app = Flask(__name__)
SessionSidecar(app, client=SessionClient(os.environ["SIDECAR_ADDRESS"], timeout=int(os.environ["TIMEOUT_MS"]) / 1000))


def write() -> None:
    session[request.args["key"]] = request.args["value"]


@app.get("/plain")
def plain() -> str:
    return "plain"


@app.get("/get")
def get() -> Response:
    return jsonify(session.get(request.args["key"]))


@app.get("/set")
def set_value() -> str:
    write()
    return "set"


@app.get("/add")
def add() -> str:
    value = request.args["value"]
    session.transform(request.args["key"], lambda items: [*(items or []), value])
    return "added"


@app.get("/public")
def public() -> Response:
    write()
    response = make_response("public")
    response.headers["Cache-Control"] = "public, max-age=60"
    response.set_cookie("theme", "dark")
    return response


@app.get("/cached")
def cached() -> Response:
    write()
    return Response(status=304, headers={"ETag": '"1"'})


@app.get("/flash")
def add_message() -> Response:
    flash(request.args["message"])
    return redirect("/messages", 303)  # type: ignore[return-value]


@app.get("/messages")
def messages() -> Response:
    return jsonify(get_flashed_messages())


@app.get("/login")
def login() -> str:
    session["user"] = request.args["user"]
    session.label = request.args.get("label")
    session.regenerate()
    return "in"


@app.get("/logout")
def logout() -> str:
    session.invalidate()
    return "out"


@app.get("/redirect")
def raise_redirect() -> Response:
    write()
    abort(redirect("/plain", 303))


@app.get("/missing")
def missing() -> Response:
    write()
    abort(404)


@app.get("/fail")
def fail() -> Response:
    write()
    raise ValueError("made up")


@app.get("/stream")
def stream() -> Response:
    write()
    gate = request.args["gate"]

    def pieces() -> Iterator[str]:
        yield "first "
        wait_at(gate)
        yield "second"

    return Response(pieces())


@app.get("/slow")
def slow() -> str:
    write()
    wait_at(request.args["gate"])
    return "slow"


@app.get("/reached")
def reached() -> Response:
    return jsonify(is_reached(request.args["gate"]))


@app.get("/open")
def open_named() -> str:
    open_gate(request.args["gate"])
    return "open"
