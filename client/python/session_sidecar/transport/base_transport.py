"""What Transport and AsyncTransport have in common: everything but making calls."""

from __future__ import annotations

import os
from typing import Any

from ..cache.session_cache import SessionCache
from .address import parse_address
from .api_token import metadata_of
from .pipeline.event_loop import LoopPipeline
from .pipeline.threads import ThreadedPipeline

# The longest timeout that a call can carry, in seconds.
_MAX_TIMEOUT = (2**31 - 1) // 1000


class BaseTransport:
    """The options and errors are those of SessionClient."""

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
        self._begin()

    def _begin(self) -> None:
        """Prepare for connections. Opens none."""
        raise NotImplementedError

    def _current(self) -> Any:
        """Return the calls, with their cache, of whatever runs now."""
        raise NotImplementedError

    def find(self, token: str) -> Any:
        """Return the Session of a token if it is in the cache and live, else None."""
        cache = self._cache()
        return None if cache is None else cache.find(token)

    def _cache(self) -> SessionCache | None:
        cache: SessionCache | None = self._current().cache if self._has_cache and not self._is_closed else None
        return cache


def cache_of(pipeline: ThreadedPipeline | LoopPipeline | None, cache_bytes: int | None) -> SessionCache | None:
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
