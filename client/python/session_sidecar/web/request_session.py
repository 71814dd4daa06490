"""The session of one request. It knows HTTP, but no framework."""

from __future__ import annotations

import asyncio
from typing import Any

from ..async_client import AsyncSessionClient
from ..async_session import AsyncSession
from ..client import SessionClient
from ..session import Session
from .base_request_session import BaseRequestSession
from .steps import run_steps, run_steps_async


class RequestSession(BaseRequestSession[Session]):
    """The session of one request, for code that blocks."""

    _client: SessionClient

    def load(self) -> Session:
        """Load the session at the first call. Later calls return the same one.

        Raises SessionError if the sidecar or its store is unavailable; later calls return an empty session that can only be read,
        for error handlers. If the session's record is damaged, its first use raises instead, but invalidate() works.
        """
        session = self.session
        return run_steps(self._loading()) if session is None else session

    def before_headers(self, status: int) -> None:
        """Save the session.

        Raises if it could not be saved; if the response has status 400 or above, only if on_unsaved raises, because the visitor
        is to see that failure. After a failure, does nothing: what is written for the error's response is not saved.
        """
        run_steps(self._saving(status))

    def before_end(self, status: int) -> None:
        """Save what was written after the headers were sent.

        Raises if that failed, or if it would need another cookie; if the response has status 400 or above, only if on_unsaved
        raises.
        """
        run_steps(self._ending(status))

    def is_current(self, token: str) -> bool:
        """Return whether no parallel request has replaced a token, which then must not return to the browser. Costs a call."""
        return run_steps(self._checking_current(token))

    def abandon(self) -> None:
        """Leave no session stored whose token is not sent. For a request without the response that it was to have."""
        run_steps(self._abandoning())

    def _end_unavailable(self) -> None:
        run_steps(self._ending_unavailable())


class AsyncRequestSession(BaseRequestSession[AsyncSession]):
    """The session of one request, for asyncio. The methods are those of RequestSession."""

    _client: AsyncSessionClient

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Tasks of one request may load its session at the same time.
        self._lock = asyncio.Lock()

    async def load(self) -> AsyncSession:
        """As RequestSession.load()."""
        session = self.session
        if session is not None:
            return session
        async with self._lock:
            return await run_steps_async(self._loading())

    async def before_headers(self, status: int) -> None:
        """As RequestSession.before_headers()."""
        await run_steps_async(self._saving(status))

    async def before_end(self, status: int) -> None:
        """As RequestSession.before_end()."""
        await run_steps_async(self._ending(status))

    async def abandon(self) -> None:
        """As RequestSession.abandon()."""
        await run_steps_async(self._abandoning())

    async def _end_unavailable(self) -> None:
        await run_steps_async(self._ending_unavailable())
