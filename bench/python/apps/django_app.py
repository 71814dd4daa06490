"""The shop on Django: the sidecar's session engine, or Django's own in its cache on Redis. The middleware is Django's in both."""

from __future__ import annotations

from typing import Any

from apps.environment import ADDRESS, CACHE_BYTES, REDIS_PORT, TIMEOUT, USES_SIDECAR
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from shop import next_page, shop_session

sessions: dict[str, Any] = (
    {
        "SESSION_ENGINE": "session_sidecar.django",
        "SESSION_SIDECAR": {"ADDRESS": ADDRESS, "TIMEOUT": TIMEOUT, "CACHE_BYTES": CACHE_BYTES},
    }
    if USES_SIDECAR
    else {
        "SESSION_ENGINE": "django.contrib.sessions.backends.cache",
        "CACHES": {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": f"redis://127.0.0.1:{REDIS_PORT}",
            }
        },
    }
)
settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for the benchmark",
    USE_TZ=True,
    **sessions,
)


def read_user(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"user": request.session["user"]})


def change_page(request: HttpRequest) -> JsonResponse:
    request.session["page"] = next_page()
    return JsonResponse({"user": request.session["user"], "page": request.session["page"]})


def create(request: HttpRequest, size: str, n: int) -> JsonResponse:
    request.session.update(shop_session(n, size))
    return JsonResponse({"user": request.session["user"]})


urlpatterns = [path("", read_user), path("page", change_page), path("sessions/<str:size>/<int:n>", create)]
application = get_wsgi_application()
