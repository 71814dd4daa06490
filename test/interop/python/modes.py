"""The ways to use the client: blocking or awaiting, over either transport."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from session_sidecar import AsyncSession, AsyncSessionClient, AsyncSubjectSessions, SessionClient

MODES = ("pipeline", "unary", "asyncio pipeline", "asyncio unary")


def connect(mode: str, address: str, **options: Any) -> Any:
    """Return a client that is used like a SessionClient, whatever the mode."""
    transport = mode.removeprefix("asyncio ")
    if mode == transport:
        return SessionClient(address, transport=transport, **options)  # type: ignore[arg-type]
    return _BlockingClient(AsyncSessionClient(address, transport=transport, **options))  # type: ignore[arg-type]


async def _all_of(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


class _Blocking:
    """Wraps an object: awaits what its methods return, on an event loop in another thread."""

    def __init__(self, inner: Any, loop: asyncio.AbstractEventLoop) -> None:
        object.__setattr__(self, "_inner", inner)
        object.__setattr__(self, "_loop", loop)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        return self._blocking(value) if inspect.ismethod(value) else value

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._inner, name, value)

    def _blocking(self, method: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            result = method(*arguments, **options)
            if isinstance(result, AbstractAsyncContextManager):
                return _BlockingContext(result, self._loop)
            if inspect.iscoroutine(result) and self._loop.is_closed():
                result = asyncio.run(result)
            elif inspect.iscoroutine(result):
                result = asyncio.run_coroutine_threadsafe(result, self._loop).result()
            if inspect.isasyncgen(result):
                return asyncio.run_coroutine_threadsafe(_all_of(result), self._loop).result()
            if isinstance(result, AsyncSubjectSessions):
                return _Blocking(result, self._loop)
            return _BlockingSession(result, self._loop) if isinstance(result, AsyncSession) else result

        return call


class _BlockingContext:
    def __init__(self, inner: AbstractAsyncContextManager[AsyncSession], loop: asyncio.AbstractEventLoop) -> None:
        self._inner = inner
        self._loop = loop

    def __enter__(self) -> _BlockingSession:
        session = asyncio.run_coroutine_threadsafe(self._inner.__aenter__(), self._loop).result()
        return _BlockingSession(session, self._loop)

    def __exit__(self, *details: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(self._inner.__aexit__(*details), self._loop).result()


class _BlockingSession(_Blocking):
    def __getitem__(self, key: str) -> Any:
        return self._inner[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._inner[key] = value

    def __delitem__(self, key: str) -> None:
        del self._inner[key]

    def __contains__(self, key: object) -> bool:
        return key in self._inner

    def __iter__(self) -> Iterator[str]:
        return iter(self._inner)

    def __len__(self) -> int:
        return len(self._inner)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._inner)

    def __repr__(self) -> str:
        return repr(self._inner)


class _BlockingClient(_Blocking):
    def __init__(self, inner: AsyncSessionClient) -> None:
        loop = asyncio.new_event_loop()
        super().__init__(inner, loop)
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        object.__setattr__(self, "_thread", thread)
        thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._blocking(self._inner.close)()
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()

    def __enter__(self) -> _BlockingClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
