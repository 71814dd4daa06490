"""Ways to keep sessions, each used as in an application. See bench/src/sides/side.ts."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol


class Side(Protocol):
    def create(self, values: dict[str, Any]) -> str:
        """Store a session and return what the browser receives: a token, or the value of a cookie."""

    def read(self, id: str, n: int) -> None: ...

    def write(self, id: str, n: int) -> None: ...

    def close(self) -> None: ...


MODULES = {
    "python-sidecar": "sidecar",
    "python-pyramid": "pyramid_session_redis_side",
    "python-flask": "flask_session_side",
    "python-django": "django_cache_side",
}


def start_side(name: str, target: dict[str, Any]) -> Side:
    side: Side = import_module(f"sides.{MODULES[name]}").start(target)
    return side
