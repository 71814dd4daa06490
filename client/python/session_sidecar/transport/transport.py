"""The calls of a client. Each has a deadline, waits for a connection until then, and is retried where that is safe.

A cache belongs to the connection that reports changes to it, so each process or event loop has its own.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from ..cache.session_cache import CacheStats, SessionCache
from ..errors import SessionError
from .address import parse_address
from .api_token import Metadata, metadata_of
from .call_errors import client_closed
from .greenlets import warn_of_blocked_greenlets
from .pipeline.calls import FallBack
from .pipeline.event_loop import LoopPipeline
from .pipeline.threads import ThreadedPipeline
from .retries import Attempts
from .unary import AsyncUnaryTransport, UnaryTransport

# The longest timeout that a call can carry, in seconds.
_MAX_TIMEOUT = (2**31 - 1) // 1000


class Transport:
    """Blocking calls. Thread-safe. A forked process can use the transport of its parent.

    The options and errors are those of SessionClient.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
        transport: str = "pipeline",
        cache_bytes: int | None = None,
    ) -> None:
        _check(address, timeout, transport, cache_bytes)
        self._options = (address, metadata_of(api_token, api_token_file), transport, cache_bytes)
        self._has_cache = cache_bytes is not None
        self._timeout = timeout
        self._is_closed = False
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

    def find(self, token: str) -> Any:
        """Return the Session of a token if it is in the cache and live, else None."""
        cache = self._cache()
        return None if cache is None else cache.find(token)

    @property
    def cache_stats(self) -> CacheStats:
        """The counts of this process."""
        cache = self._cache()
        return CacheStats() if cache is None else cache.stats

    def _cache(self) -> SessionCache | None:
        return self._current().cache if self._has_cache and not self._is_closed else None

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
        self.cache = _cache_of(self._pipeline, cache_bytes)
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


class AsyncTransport:
    """Awaited calls. Each event loop has its own connection. The options and errors are those of SessionClient."""

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
        transport: str = "pipeline",
        cache_bytes: int | None = None,
    ) -> None:
        _check(address, timeout, transport, cache_bytes)
        self._options = (address, metadata_of(api_token, api_token_file), transport, cache_bytes)
        self._has_cache = cache_bytes is not None
        self._timeout = timeout
        self._is_closed = False
        self._by_loop: dict[asyncio.AbstractEventLoop, _LoopTransport] = {}

    async def __call__(self, method: str, request: Any) -> Any:
        cache = self._cache()
        if cache is None:
            return await self._attempt(method, request)
        with cache.call(method, request) as call:
            call.response = await self._attempt(method, request)
        return call.response

    def find(self, token: str) -> Any:
        """Return the Session of a token if it is in the cache and live, else None."""
        cache = self._cache()
        return None if cache is None else cache.find(token)

    @property
    def cache_stats(self) -> CacheStats:
        """The counts of all event loops."""
        caches = [each.cache for each in list(self._by_loop.values())]
        return CacheStats(*map(sum, zip(*(cache.stats for cache in caches if cache is not None), strict=True)))

    def _cache(self) -> SessionCache | None:
        return self._current().cache if self._has_cache and not self._is_closed else None

    async def _attempt(self, method: str, request: Any) -> Any:
        """Make attempts until one succeeds or none is left."""
        deadline = time.monotonic() + self._timeout
        attempts = Attempts(method, deadline)
        while True:
            try:
                return await self._send(method, request, deadline)
            except SessionError as error:
                outcome = attempts.failed(error, time.monotonic())
            if isinstance(outcome, SessionError):
                raise outcome
            await asyncio.sleep(outcome)

    async def _send(self, method: str, request: Any, deadline: float) -> Any:
        if self._is_closed:
            raise client_closed(method)
        return await self._current().send(method, request, deadline)

    def _current(self) -> _LoopTransport:
        loop = asyncio.get_running_loop()
        current = self._by_loop.get(loop)
        if current is None:
            # A connection can be closed only on its own loop. Those of closed loops are left to the garbage collector.
            for other in [each for each in list(self._by_loop) if each.is_closed()]:
                self._by_loop.pop(other, None)
            current = self._by_loop[loop] = _LoopTransport(*self._options)
        return current

    async def close(self) -> None:
        self._is_closed = True
        here = asyncio.get_running_loop()
        for loop, each in [(loop, self._by_loop.pop(loop)) for loop in list(self._by_loop)]:
            if loop is here:
                await each.close()
            elif loop.is_running():
                asyncio.run_coroutine_threadsafe(each.close(), loop)


class _LoopTransport:
    """The calls of one event loop. Opens nothing until it is used."""

    def __init__(self, address: str, metadata: Callable[[], Metadata], kind: str, cache_bytes: int | None) -> None:
        self._address = address
        self._metadata = metadata
        self._pipeline = LoopPipeline(parse_address(address), metadata) if kind == "pipeline" else None
        self.cache = _cache_of(self._pipeline, cache_bytes)
        self._unary: AsyncUnaryTransport | None = None

    async def send(self, method: str, request: Any, deadline: float) -> Any:
        pipeline = self._pipeline
        if pipeline is not None and pipeline.is_supported:
            try:
                return await pipeline.send(method, request, deadline)
            except FallBack:
                pass
        if self._unary is None:
            self._unary = AsyncUnaryTransport(self._address, self._metadata)
        return await self._unary.send(method, request, deadline)

    async def close(self) -> None:
        if self._pipeline is not None:
            self._pipeline.close()
        if self._unary is not None:
            await self._unary.close()


def _cache_of(pipeline: ThreadedPipeline | LoopPipeline | None, cache_bytes: int | None) -> SessionCache | None:
    if cache_bytes is None:
        return None
    if pipeline is None:
        return SessionCache(cache_bytes, lambda _: None)
    cache = SessionCache(cache_bytes, pipeline.confirm)
    pipeline.listen(cache)
    return cache


def _check(address: str, timeout: float, kind: str, cache_bytes: int | None) -> None:
    parse_address(address)
    if not 0 < timeout <= _MAX_TIMEOUT:
        raise ValueError(f"Expected the timeout to be above 0 and up to {_MAX_TIMEOUT} seconds, got {timeout!r}")
    if kind not in ("pipeline", "unary"):
        raise ValueError(f'Expected the transport to be "pipeline" or "unary", got {kind!r}')
    if cache_bytes is not None and not (isinstance(cache_bytes, int) and cache_bytes >= 1):
        raise ValueError(f"Expected a cache of at least 1 byte, got {cache_bytes!r}")
