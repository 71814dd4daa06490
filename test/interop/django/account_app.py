"""Asynchronous views with logins, whose CSRF tokens are in the session.

Served as account_app:application by uvicorn, as account_app:wsgi_application by gunicorn. As a program, it makes the database.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import path

settings.configure(
    ALLOWED_HOSTS=["*"],
    CSRF_USE_SESSIONS=True,
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DATABASE"], "OPTIONS": {"timeout": 60}}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages"],
    LOGGING_CONFIG=None,
    MESSAGE_STORAGE="session_sidecar.django.MessageStorage",
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="test",
    SESSION_ENGINE="session_sidecar.django",
    # Calls may take long on a busy machine.
    SESSION_SIDECAR={"ADDRESS": os.environ["SIDECAR_ADDRESS"], "TIMEOUT": float(os.environ.get("TIMEOUT", "30"))},
)
application = get_asgi_application()
wsgi_application = get_wsgi_application()

from django.contrib import messages  # noqa: E402 - after the settings
from django.contrib.auth import aauthenticate, alogin, alogout  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402


async def me(request: HttpRequest) -> HttpResponse:
    user = await request.auser()
    values = {key: value for key, value in await request.session.aitems() if not key.startswith("_")}
    return JsonResponse({"user": user.get_username(), **values})


async def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse(get_token(request))


async def write(request: HttpRequest) -> HttpResponse:
    await request.session.aset(request.POST["key"], request.POST["value"])
    return HttpResponse()


async def add(request: HttpRequest) -> HttpResponse:
    await request.session.atransform("cart", lambda cart: [*(cart or []), request.POST["item"]])
    return HttpResponse()


async def sign_in(request: HttpRequest) -> HttpResponse:
    user = await aauthenticate(request, username=request.POST["name"], password=request.POST["password"])
    if user is None:
        return HttpResponse(status=403)
    await alogin(request, user)
    return HttpResponse()


async def sign_out(request: HttpRequest) -> HttpResponse:
    await alogout(request)
    return HttpResponse()


async def say(request: HttpRequest) -> HttpResponse:
    messages.info(request, request.POST["text"])
    return HttpResponse()


async def heard(request: HttpRequest) -> HttpResponse:
    texts = await sync_to_async(lambda: [str(message) for message in messages.get_messages(request)])()
    return JsonResponse(texts, safe=False)


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def pieces() -> AsyncIterator[str]:
        yield "first "
        yield str(await request.session.aget("streamed"))

    await request.session.aset("streamed", request.POST["value"])
    return StreamingHttpResponse(pieces())


urlpatterns = [
    path("me", me),
    path("form", form),
    path("write", write),
    path("add", add),
    path("login", sign_in),
    path("logout", sign_out),
    path("say", say),
    path("heard", heard),
    path("stream", stream),
]
handler500 = "session_sidecar.django.handler500"

if __name__ == "__main__":
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    User.objects.create_user("Ada", password="secret")
