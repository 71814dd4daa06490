"""The pages of a shop with login, cart, messages and the admin, on Django."""

from django.contrib import admin, messages
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.contrib.auth.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_POST

PRODUCTS = {"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}


def shop(request: HttpRequest) -> HttpResponse:
    return render(request, "shop.html", {"products": PRODUCTS, "cart": request.session.get("cart", [])})


def add_to_cart(request: HttpRequest) -> HttpResponse:
    name = PRODUCTS.get(request.POST.get("product", ""))
    if name is None:
        return HttpResponseBadRequest("There is no such product.")
    # get() and an assignment would lose one of two simultaneous clicks.
    request.session.transform("cart", lambda cart: [*(cart or []), name])
    messages.success(request, f"{name} is in your cart.")
    return redirect("/")


def welcome(request: HttpRequest, **_: object) -> None:
    messages.info(request, f"Welcome, {request.user}!")


def say_goodbye(request: HttpRequest, **_: object) -> None:
    messages.info(request, "You are signed out.")


user_logged_in.connect(welcome)
user_logged_out.connect(say_goodbye)

urlpatterns = [
    path("", shop),
    path("cart", require_POST(add_to_cart)),
    path("login", LoginView.as_view()),
    path("logout", LogoutView.as_view()),
    path("admin/", admin.site.urls),
]
# Status 503 instead of 500 when the sidecar is unavailable.
handler500 = "session_sidecar.django.handler500"
