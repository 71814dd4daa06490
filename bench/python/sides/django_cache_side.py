"""Django's sessions in its cache on Redis. As its middleware does, this side saves only sessions that were changed."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from shop import check_user, next_page


class DjangoSide:
    def __init__(self, store: Any) -> None:
        self._store = store

    def create(self, values: dict[str, Any]) -> str:
        session = self._store()
        session.update(values)
        session.save()
        return str(session.session_key)

    def _open(self, key: str, n: int) -> Any:
        session = self._store(key)
        check_user(session["user"], n)
        return session

    def read(self, id: str, n: int) -> None:
        self._open(id, n)

    def write(self, id: str, n: int) -> None:
        session = self._open(id, n)
        session["page"] = next_page()
        session.save()

    def close(self) -> None:
        pass


def start(target: dict[str, Any]) -> DjangoSide:
    location = f"redis://127.0.0.1:{target['redisPort']}"
    settings.configure(
        CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": location}},
        SESSION_ENGINE="django.contrib.sessions.backends.cache",
    )
    # The module reads the settings when it is imported.
    from django.contrib.sessions.backends.cache import SessionStore

    return DjangoSide(SessionStore)
