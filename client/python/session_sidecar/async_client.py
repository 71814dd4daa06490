"""The client for asyncio."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Literal

from .async_session import AsyncSession
from .cache.session_cache import CacheStats
from .codecs import Codec
from .codecs.value_codec import value_codec
from .leases import DEFAULT_LEASE, DEFAULT_WAIT, acquiring, releasing
from .opening import creating, invalidating, opening, opening_by_id
from .plans import run_async
from .subject_sessions import AsyncSubjectSessions
from .transport.api_token import metadata_of
from .transport.async_transport import AsyncTransport
from .watch.progress import Progress
from .watch.session_event import SessionEvent
from .watch.watching import OpenWatches, watching_async


class AsyncSessionClient:
    """A SessionClient whose calls are awaited. It has the same options and errors.

    Create one and share it between tasks. It can be used on several event loops, and has a connection and a cache for each.
    Cancelling a task cancels its call in the sidecar too, unless the call was already applied.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
        transport: Literal["pipeline", "unary"] = "pipeline",
        cache_bytes: int | None = None,
        codec: Codec | None = None,
    ) -> None:
        self._codec = value_codec(codec)
        self._call = AsyncTransport(address, timeout, api_token, api_token_file, transport, cache_bytes)
        self._address = address
        self._metadata = metadata_of(api_token, api_token_file)
        self._watches = OpenWatches()

    async def open(self, token: str | Iterable[str] | None) -> AsyncSession:
        """As SessionClient.open()."""
        return AsyncSession(self._call, self._codec, await run_async(opening(token, self._call.find), self._call))

    async def open_by_id(self, id: str) -> AsyncSession:
        """As SessionClient.open_by_id()."""
        return AsyncSession(self._call, self._codec, await run_async(opening_by_id(id), self._call))

    @asynccontextmanager
    async def lock(self, token: str, *, lease: float = DEFAULT_LEASE, wait: float = DEFAULT_WAIT) -> AsyncIterator[AsyncSession]:
        """As SessionClient.lock(), for async with."""
        opened = await run_async(acquiring(token, lease, wait), self._call)
        session = AsyncSession(self._call, self._codec, opened)
        try:
            yield session
            await session.save()
        finally:
            await run_async(releasing(session.token, session.fence), self._call)

    async def invalidate(self, token: str | Iterable[str] | None) -> None:
        """As SessionClient.invalidate()."""
        await run_async(invalidating(token), self._call)

    def for_subject(self, subject: str) -> AsyncSubjectSessions:
        """As SessionClient.for_subject()."""
        return AsyncSubjectSessions(self._call, self._codec, subject)

    @property
    def cache_stats(self) -> CacheStats:
        """As SessionClient.cache_stats, of all event loops together."""
        return self._call.cache_stats

    def create(self, *, id: str | None = None) -> AsyncSession:
        """As SessionClient.create()."""
        return AsyncSession(self._call, self._codec, creating(id))

    def watch(
        self,
        *,
        subject: str | None = None,
        group: str | None = None,
        after: str | None = None,
        on_ready: Callable[[], object] | None = None,
    ) -> AsyncIterator[SessionEvent]:
        """As SessionClient.watch(), for `async for`."""
        progress = Progress(subject, group, after, on_ready)
        return watching_async(progress, self._address, self._metadata, self._call, self._watches)

    async def close(self) -> None:
        """As SessionClient.close(), for all event loops. An async with statement does this too."""
        self._watches.close()
        await self._call.close()

    async def __aenter__(self) -> AsyncSessionClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
