"""The calls of a client that awaits. They are those of Transport; each event loop has a connection and a cache of its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from ..cache.session_cache import CacheStats
from ..errors import SessionError
from .address import parse_address
from .api_token import Metadata
from .base_transport import BaseTransport, cache_of
from .call_errors import client_closed
from .pipeline.calls import FallBack
from .pipeline.event_loop import LoopPipeline
from .retries import Attempts
from .unary import AsyncUnaryTransport


class AsyncTransport(BaseTransport):
    """Awaited calls. Each event loop has its own connection."""

    def _begin(self) -> None:
        self._by_loop: dict[asyncio.AbstractEventLoop, _LoopTransport] = {}

    async def __call__(self, method: str, request: Any) -> Any:
        cache = self._cache()
        if cache is None:
            return await self._attempt(method, request)
        with cache.call(method, request) as call:
            call.response = await self._attempt(method, request)
        return call.response

    @property
    def cache_stats(self) -> CacheStats:
        """The counts of all event loops."""
        caches = [each.cache for each in list(self._by_loop.values())]
        return CacheStats(*map(sum, zip(*(cache.stats for cache in caches if cache is not None), strict=True)))

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
        self.cache = cache_of(self._pipeline, cache_bytes)
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
