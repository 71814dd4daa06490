"""A shop with login, cart and flash messages, on Pyramid."""

from __future__ import annotations

import os
from typing import Any

import waitress
from pyramid.config import Configurator
from pyramid.csrf import get_csrf_token
from pyramid.exceptions import BadCSRFToken
from pyramid.httpexceptions import HTTPBadRequest, HTTPNotFound, HTTPSeeOther
from pyramid.response import Response
from pyramid.view import exception_view_config, view_config
from session_sidecar import SessionError
from session_sidecar.pyramid import regenerate

PRODUCTS = {"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}


@view_config(route_name="shop", renderer="templates/shop.html")
def shop(request: Any) -> dict[str, Any]:
    session = request.session
    # A form needs a session, which the front page must not store for every visitor and crawler.
    token = None if session.new else get_csrf_token(request)
    return {"session": session, "messages": session.pop_flash(), "products": PRODUCTS, "token": token}


@view_config(route_name="product", renderer="templates/product.html")
def product(request: Any) -> dict[str, Any]:
    name = PRODUCTS.get(request.matchdict["id"])
    if name is None:
        raise HTTPNotFound("There is no such product.")
    return {"id": request.matchdict["id"], "name": name, "token": get_csrf_token(request)}


@view_config(route_name="cart", request_method="POST")
def add_to_cart(request: Any) -> HTTPSeeOther:
    name = PRODUCTS.get(request.POST.get("product", ""))
    if name is None:
        raise HTTPBadRequest("There is no such product.")
    # get() and an assignment would lose one of two simultaneous clicks.
    request.session.transform("cart", lambda cart: [*(cart or []), name])
    request.session.flash(f"{name} is in your cart.")
    return HTTPSeeOther("/")


@view_config(route_name="login", request_method="GET", renderer="templates/login.html")
def login_form(request: Any) -> dict[str, Any]:
    return {"token": get_csrf_token(request)}


@view_config(route_name="login", request_method="POST")
def login(request: Any) -> HTTPSeeOther:
    # A real shop checks a password here.
    user = request.POST.get("name")
    if not user:
        raise HTTPBadRequest("Please enter your name.")
    request.session["user"] = user
    request.session.subject = user
    request.session.flash(f"Welcome, {user}!")
    # An attacker may know the token from before the login, so it must not remain valid (session fixation).
    # The second of two clicks signs in, too.
    regenerate(request, or_create=True)
    return HTTPSeeOther("/")


@view_config(route_name="logout", request_method="POST")
def logout(request: Any) -> HTTPSeeOther:
    request.session.invalidate()
    request.session.flash("You are signed out.")
    return HTTPSeeOther("/")


@exception_view_config(BadCSRFToken)
def show_forged(error: BadCSRFToken, request: Any) -> Response:
    return Response("This form is out of date. Please go back, reload the page and try again.", status=403)


@exception_view_config(SessionError)
def show_session_error(error: SessionError, request: Any) -> Response:
    if error.status == 409:
        text = "Your session has ended, for example because you signed out in another window."
    else:
        text = "Something went wrong. Please try again later."
    return Response(text, status=error.status)


def create_shop(settings: dict[str, Any]) -> Any:
    """Return the WSGI application. Settings are those of session_sidecar.pyramid."""
    with Configurator(settings=settings) as config:
        config.include("pyramid_jinja2")
        config.add_jinja2_renderer(".html")
        config.include("session_sidecar.pyramid")
        config.set_default_csrf_options(require_csrf=True)
        for name, path in (
            ("shop", "/"),
            ("product", "/products/{id}"),
            ("cart", "/cart"),
            ("login", "/login"),
            ("logout", "/logout"),
        ):
            config.add_route(name, path)
        config.scan(__name__)
        return config.make_wsgi_app()


if __name__ == "__main__":
    shop_app = create_shop({"session_sidecar.address": os.environ.get("SIDECAR_ADDRESS", "127.0.0.1:50051")})
    server = waitress.create_server(shop_app, host="127.0.0.1", port=int(os.environ.get("PORT", "3000")))
    print(f"The shop is open: http://127.0.0.1:{server.effective_port}", flush=True)
    server.run()
