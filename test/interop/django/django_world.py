"""A Django application in this process, with sessions in the sidecar at SIDECAR_ADDRESS, which has Redis at REDIS_PORT."""

from __future__ import annotations

import logging
import os
import socket
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path

ADDRESS = os.environ["SIDECAR_ADDRESS"]
REDIS_PORT = int(os.environ["REDIS_PORT"])

# Calls may take long on a busy machine.
OPTIONS = {"ADDRESS": ADDRESS, "TIMEOUT": 30.0}

settings.configure(
    ALLOWED_HOSTS=["*"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages"],
    LOGGING_CONFIG=None,
    MESSAGE_STORAGE="django.contrib.messages.storage.session.SessionStorage",
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.messages.middleware.MessageMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="test",
    SESSION_ENGINE="session_sidecar.django",
    SESSION_SIDECAR=OPTIONS,
    USE_TZ=True,
)
django.setup()
# Django logs each request that fails.
logging.getLogger("django.request").setLevel(logging.CRITICAL)

from session_sidecar.django import SessionStore  # noqa: E402 - after the settings

# Keys that the sidecar has not issued.
NO_KEYS = ("1", "someunknownkey", "a.b", "ä" * 50, "x" * 5000, f"{'A' * 43}.{'A' * 24}")


def stored(**values: Any) -> SessionStore:
    """Return a session that was stored with these values and loaded again by another request."""
    session = SessionStore()
    session.update(values)
    session.save()
    return SessionStore(session.session_key)


def damage(session_key: str) -> None:
    """Make the record of a session unreadable."""
    with socket.create_connection(("127.0.0.1", REDIS_PORT)) as redis:
        # The handle is the first half of the id, which the token begins with.
        handle = urlsafe_b64encode(urlsafe_b64decode(f"{session_key[:43]}=")[:16]).rstrip(b"=")
        redis.sendall(b"SET session:%s rubbish XX\r\n" % handle)
        assert redis.recv(100) == b"+OK\r\n"


# What the page / does, chosen by each test.
view: Callable[[HttpRequest], HttpResponse] = lambda _: HttpResponse()  # noqa: E731


def show(page: Callable[[HttpRequest], Any]) -> None:
    """Let the page / be this one. It may return a text instead of a response."""

    def shown(request: HttpRequest) -> HttpResponse:
        answer = page(request)
        return answer if isinstance(answer, HttpResponseBase) else HttpResponse(str(answer))

    global view
    view = shown


async def unset(_: HttpRequest) -> HttpResponse:
    return HttpResponse()


# What the page /awaited does.
async_view: Callable[[HttpRequest], Awaitable[HttpResponse]] = unset


def show_async(page: Callable[[HttpRequest], Awaitable[Any]]) -> None:
    """Let the page /awaited be this one."""

    async def shown(request: HttpRequest) -> HttpResponse:
        return HttpResponse(str(await page(request)))

    global async_view
    async_view = shown


async def awaited(request: HttpRequest) -> HttpResponse:
    return await async_view(request)


urlpatterns = [path("", lambda request: view(request)), path("awaited", awaited)]
handler500 = "session_sidecar.django.handler500"
