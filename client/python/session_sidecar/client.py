"""The client for code that blocks."""

from __future__ import annotations

import os
from typing import Literal

from .cache.session_cache import CacheStats
from .opening import opening
from .plans import run
from .session import Session
from .transport.api_token import metadata_of
from .transport.transport import Transport


class SessionClient:
    """An application's connection to its session sidecar. Create one and share it between threads.

    It connects at the first call and reconnects automatically. The sidecar need not be running yet: calls wait for it until
    their time limit. A process may fork at any time. The child then opens a connection of its own.

    address: where the sidecar listens, "host:port" or "unix:/path", for example "localhost:50051".
    timeout: the time limit of a call, retries included, in seconds. Default: 3, which outlasts a restart of the sidecar.
    api_token: sent with every call, for a sidecar with SESSION_SIDECAR_API_TOKENS set. Default: none.
    api_token_file: the path of a file with that token. The file is read again when it changes. Default: none.
    transport: "pipeline" sends all calls over one stream, at a fraction of the cost of "unary", which makes unary gRPC calls.
        Default: "pipeline", with a fallback to "unary" if the sidecar does not support it.
    cache_bytes: the approximate maximum size, in bytes, of a cache of sessions in memory, at least 1. Opening a session again
        then costs no call while the sidecar reports changes, and a small call otherwise. Changes made elsewhere are usually
        seen within milliseconds, and always within a second. Changes made through this client are seen at once. Each process
        has a cache of its own. Default: no cache.

    Raises ValueError if an option is invalid, if the API token is not visible ASCII, or if both a token and a file are given.
    """

    def __init__(
        self,
        address: str,
        timeout: float = 3.0,
        api_token: str | None = None,
        api_token_file: str | os.PathLike[str] | None = None,
        transport: Literal["pipeline", "unary"] = "pipeline",
        cache_bytes: int | None = None,
    ) -> None:
        self._call = Transport(address, timeout, metadata_of(api_token, api_token_file), transport, cache_bytes)

    def open(self, token: str | None) -> Session:
        """Load the session of a token, as received in the visitor's cookie.

        If there is no token, the token is not genuine, or its session has ended, returns a new session, whose origin says which
        was the case. Never stores anything. Raises SessionError if the sidecar or its store is unavailable, because a visitor
        whose session cannot be read must not be mistaken for a new one.
        """
        if token and (kept := self._call.find(token)) is not None:
            return Session(self._call, "found", token, kept)
        return Session(self._call, *run(opening(token), self._call))

    @property
    def cache_stats(self) -> CacheStats:
        """What the cache of this process has done and what it holds. Without a cache, all counts are 0."""
        return self._call.cache_stats

    def create(self) -> Session:
        """Return a new session, for a visitor without one. It is not stored until it is saved."""
        return Session(self._call, "none")

    def close(self) -> None:
        """Close the connection. Calls in flight and later calls raise SessionError CANCELLED. A with statement does this too."""
        self._call.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
