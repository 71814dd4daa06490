"""An application's connection to its sidecar, for asyncio."""

from __future__ import annotations

import os
from typing import Literal

from .async_session import AsyncSession
from .opening import opening
from .plans import run_async
from .transport.api_token import metadata_of
from .transport.transport import AsyncTransport


class AsyncSessionClient:
    """A SessionClient whose calls are awaited. Options and errors are as there.

    Create one and share it between tasks. It may be used on several event loops; each has a connection of its own. A call whose
    task is cancelled is cancelled at the sidecar too, unless it has been applied.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
        transport: Literal["pipeline", "unary"] = "pipeline",
    ) -> None:
        self._call = AsyncTransport(address, timeout, metadata_of(api_token, api_token_file), transport)

    async def open(self, token: str | None) -> AsyncSession:
        """As SessionClient.open()."""
        return AsyncSession(self._call, *await run_async(opening(token), self._call))

    def create(self) -> AsyncSession:
        """As SessionClient.create()."""
        return AsyncSession(self._call, "none")

    async def close(self) -> None:
        """As SessionClient.close(), for all event loops. An async with statement closes it too."""
        await self._call.close()

    async def __aenter__(self) -> AsyncSessionClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
