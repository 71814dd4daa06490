"""A Django application in this process, with sessions in the sidecar at SIDECAR_ADDRESS."""

from __future__ import annotations

import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import path

ADDRESS = os.environ["SIDECAR_ADDRESS"]

# Calls may take long on a busy machine.
OPTIONS = {"ADDRESS": ADDRESS, "TIMEOUT": 30.0}

settings.configure(
    ALLOWED_HOSTS=["*"],
    CACHES={"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    INSTALLED_APPS=["django.contrib.sessions", "django.contrib.messages"],
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
