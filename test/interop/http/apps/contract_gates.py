"""Places where a request waits until another request lets it go on, by name."""

from __future__ import annotations

import threading
from collections import defaultdict

_opened: defaultdict[str, threading.Event] = defaultdict(threading.Event)
_reached: set[str] = set()


def wait_at(name: str) -> None:
    _reached.add(name)
    if not _opened[name].wait(60):
        raise TimeoutError(name)


def is_reached(name: str) -> bool:
    return name in _reached


def open_gate(name: str) -> None:
    _opened[name].set()
