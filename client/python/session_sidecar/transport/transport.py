"""The calls of a client that blocks. Each has a deadline, waits for a connection until then, and is retried where that is safe.

A cache belongs to the connection that reports changes to it, so each process has its own.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from ..cache.session_cache import CacheStats
from ..errors import SessionError
from .address import parse_address
from .api_token import Metadata
from .base_transport import BaseTransport, cache_of
from .call_errors import client_closed
from .greenlets import warn_of_blocked_greenlets
from .pipeline.calls import FallBack
from .pipeline.threads import ThreadedPipeline
from .retries import Attempts
from .unary import UnaryTransport


class Transport(BaseTransport):
    """Blocking calls. Thread-safe. A forked process can use the transport of its parent."""

    def _begin(self) -> None:
        # By process id: a forked process cannot use the threads and connections of its parent.
        self._by_process: dict[int, _ProcessTransport] = {}
        # Ends the thread of a client that is collected without being closed.
        weakref.finalize(self, _release, self._by_process)

    def __call__(self, method: str, request: Any) -> Any:
        cache = self._cache()
        if cache is None:
            return self._attempt(method, request)
        with cache.call(method, request) as call:
            call.response = self._attempt(method, request)
        return call.response

    @property
    def cache_stats(self) -> CacheStats:
        """The counts of this process."""
        cache = self._cache()
        return CacheStats() if cache is None else cache.stats

    def _attempt(self, method: str, request: Any) -> Any:
        """Make attempts until one succeeds or none is left."""
        deadline = time.monotonic() + self._timeout
        attempts = Attempts(method, deadline)
        while True:
            try:
                return self._send(method, request, deadline)
            except SessionError as error:
                outcome = attempts.failed(error, time.monotonic())
            if isinstance(outcome, SessionError):
                raise outcome
            time.sleep(outcome)

    def _send(self, method: str, request: Any, deadline: float) -> Any:
        if self._is_closed:
            raise client_closed(method)
        return self._current().send(method, request, deadline)

    def _current(self) -> _ProcessTransport:
        return self._by_process.get(os.getpid()) or self._open()

    def _open(self) -> _ProcessTransport:
        warn_of_blocked_greenlets()
        pid = os.getpid()
        for other in [each for each in self._by_process if each != pid]:
            # Another thread may have been here first.
            if (inherited := self._by_process.pop(other, None)) is not None:
                inherited.abandon()
        # There is no lock: a thread of the parent could have held it when this process was forked.
        current = self._by_process.setdefault(pid, _ProcessTransport(*self._options))
        if self._is_closed:
            # close() in another thread may have run before this connection existed.
            self.close()
        return current

    def close(self) -> None:
        self._is_closed = True
        if (current := self._by_process.pop(os.getpid(), None)) is not None:
            current.close()


def _release(by_process: dict[int, _ProcessTransport]) -> None:
    if (current := by_process.pop(os.getpid(), None)) is not None:
        current.release()


class _ProcessTransport:
    """The calls of one process. Opens nothing until it is used."""

    def __init__(self, address: str, metadata: Callable[[], Metadata], kind: str, cache_bytes: int | None) -> None:
        self._address = address
        self._metadata = metadata
        self._pipeline = ThreadedPipeline(parse_address(address), metadata) if kind == "pipeline" else None
        self.cache = cache_of(self._pipeline, cache_bytes)
        self._unary: UnaryTransport | None = None
        self._is_closed = False
        # Guards the unary transport.
        self._lock = threading.Lock()

    def send(self, method: str, request: Any, deadline: float) -> Any:
        pipeline = self._pipeline
        if pipeline is not None and pipeline.is_supported:
            try:
                return pipeline.send(method, request, deadline)
            except FallBack:
                pass
        with self._lock:
            if self._is_closed:
                raise client_closed(method)
            if self._unary is None:
                self._unary = UnaryTransport(self._address, self._metadata)
        return self._unary.send(method, request, deadline)

    def close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()
        with self._lock:
            self._is_closed = True
            if self._unary is not None:
                self._unary.close()

    def release(self) -> None:
        if self._pipeline is not None:
            self._pipeline.release()

    def abandon(self) -> None:
        if self._pipeline is not None:
            self._pipeline.abandon()
