"""Sessions for asyncio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from .base_session import BaseSession, OnConflict
from .codecs.value_codec import ValueCodec
from .opening import Opened
from .plans import run_async


class AsyncSession(BaseSession):
    """A Session whose methods that call the sidecar are awaited. Everything else is the same.

    One task at a time may use it. If a call is cancelled, it is unknown whether it was applied.
    """

    def __init__(self, call: Callable[[str, Any], Awaitable[Any]], codec: ValueCodec, opened: Opened) -> None:
        self._call = call
        super().__init__(codec, opened)

    async def save(self, *, on_conflict: OnConflict = "merge") -> None:
        """As Session.save()."""
        await run_async(self._saving(on_conflict=on_conflict), self._call)

    async def regenerate(self, *, or_create: bool = False, grace: float | None = None) -> None:
        """As Session.regenerate()."""
        await run_async(self._regenerating(or_create, grace), self._call)

    async def invalidate(self) -> None:
        """As Session.invalidate()."""
        await run_async(self._invalidating(), self._call)

    async def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """As Session.transform()."""
        return await run_async(self._transforming(key, change), self._call)

    async def peek_flash(self, queue: str = "") -> list[Any]:
        """As Session.peek_flash()."""
        return await run_async(self._peeking(queue), self._call)

    async def pop_flash(self, queue: str = "") -> list[Any]:
        """As Session.pop_flash()."""
        return await run_async(self._popping(queue), self._call)

    async def pop_flash_and_save(self, queue: str = "") -> list[Any]:
        """As Session.pop_flash_and_save()."""
        return await run_async(self._popping_and_saving(queue), self._call)

    async def csrf_token(self) -> str:
        """As Session.csrf_token()."""
        return await run_async(self._getting_csrf_token(), self._call)

    async def new_csrf_token(self) -> str:
        """As Session.new_csrf_token()."""
        return await run_async(self._replacing_csrf_token(), self._call)
