"""The contract on Django: gunicorn contract_django:application."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from contract_gates import is_reached, open_gate, wait_at
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    INSTALLED_APPS=["django.contrib.messages"],
    LOGGING_CONFIG=None,
    MESSAGE_STORAGE="session_sidecar.django.MessageStorage",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.messages.middleware.MessageMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="test",
    SESSION_ENGINE="session_sidecar.django",
    SESSION_SIDECAR={"ADDRESS": os.environ["SIDECAR_ADDRESS"], "TIMEOUT": int(os.environ["TIMEOUT_MS"]) / 1000},
)
application = get_wsgi_application()

from django.contrib import messages  # noqa: E402 - after the settings


def write(request: HttpRequest) -> None:
    request.session[request.GET["key"]] = request.GET["value"]


def writing(answer: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Return a view that writes before it answers."""

    def view(request: HttpRequest) -> HttpResponse:
        write(request)
        return answer(request)

    return view


def get(request: HttpRequest) -> HttpResponse:
    return JsonResponse(request.session.get(request.GET["key"]), safe=False)


def add(request: HttpRequest) -> HttpResponse:
    request.session.transform(request.GET["key"], lambda items: [*(items or []), request.GET["value"]])
    return HttpResponse("added")


def public(_: HttpRequest) -> HttpResponse:
    response = HttpResponse("public", headers={"Cache-Control": "public, max-age=60"})
    response.set_cookie("theme", "dark")
    return response


def flash(request: HttpRequest) -> HttpResponse:
    messages.info(request, request.GET["message"])
    return HttpResponseRedirect("/messages", status=303)


def show_messages(request: HttpRequest) -> HttpResponse:
    return JsonResponse([str(message) for message in messages.get_messages(request)], safe=False)


def login(request: HttpRequest) -> HttpResponse:
    request.session["user"] = request.GET["user"]
    request.session.label = request.GET.get("label")
    request.session.cycle_key()
    return HttpResponse("in")


def logout(request: HttpRequest) -> HttpResponse:
    request.session.flush()
    return HttpResponse("out")


def missing(_: HttpRequest) -> HttpResponse:
    raise Http404


def fail(_: HttpRequest) -> HttpResponse:
    raise ValueError("made up")


def stream(request: HttpRequest) -> HttpResponse:
    def pieces() -> Iterator[str]:
        yield "first "
        wait_at(request.GET["gate"])
        yield "second"

    return StreamingHttpResponse(pieces())


def slow(request: HttpRequest) -> HttpResponse:
    wait_at(request.GET["gate"])
    return HttpResponse("slow")


def reached(request: HttpRequest) -> HttpResponse:
    return JsonResponse(is_reached(request.GET["gate"]), safe=False)


def open_named(request: HttpRequest) -> HttpResponse:
    open_gate(request.GET["gate"])
    return HttpResponse("open")


urlpatterns = [
    path("plain", lambda _: HttpResponse("plain")),
    path("get", get),
    path("set", writing(lambda _: HttpResponse("set"))),
    path("add", add),
    path("public", writing(public)),
    path("cached", writing(lambda _: HttpResponse(status=304, headers={"ETag": '"1"'}))),
    path("flash", flash),
    path("messages", show_messages),
    path("login", login),
    path("logout", logout),
    # Django has no exception that is a redirect.
    path("redirect", writing(lambda _: HttpResponseRedirect("/plain", status=303))),
    path("missing", writing(missing)),
    path("fail", writing(fail)),
    path("stream", writing(stream)),
    path("slow", writing(slow)),
    path("reached", reached),
    path("open", open_named),
]
handler500 = "session_sidecar.django.handler500"
