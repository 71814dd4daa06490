"""An application's connection to its sidecar."""

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
    their time limit. A process may fork at any time; the child opens a connection of its own.

    address: where the sidecar listens, "host:port" or "unix:/path", for example "localhost:50051".
    timeout: the time limit of a call, retries included, in seconds. Default: 3, which outlasts a restart.
    api_token: sent with every call, for a sidecar with SESSION_SIDECAR_API_TOKENS set. Default: none.
    api_token_file: the path of a file with that token instead. It is read again when it changes. Default: none.

    transport: "pipeline" sends all calls over one stream, at a fraction of the cost of "unary", one gRPC call each. Default:
        "pipeline", with a fallback to "unary" for sidecars that do not support it.

    cache_bytes: keeps sessions in memory, up to about this size, at least 1, so that opening one again costs no call while the
        sidecar reports changes, and a small one otherwise. A change elsewhere is seen within milliseconds as a rule, and within a
        second whatever fails; own changes are seen at once. Each process has a cache of its own. Default: no session is kept.

    Raises ValueError for an address, timeout, transport or cache_bytes that is not valid, for an API token that is not visible
    ASCII, and if both a token and a file are given.
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
        """Loads the session of a token, as received in the visitor's cookie.

        Without a token, or if its session has ended or the token is not genuine, returns a new session; its origin tells these
        cases apart. Never stores anything. Raises SessionError if the sidecar or its store is unavailable: a visitor whose
        session cannot be read must not be mistaken for a new one.
        """
        if token and (kept := self._call.find(token)) is not None:
            return Session(self._call, "found", token, kept)
        return Session(self._call, *run(opening(token), self._call))

    @property
    def cache_stats(self) -> CacheStats:
        """What the cache of this process has done and what it holds; all 0 without one."""
        return self._call.cache_stats

    def create(self) -> Session:
        """Returns a new session, for a visitor who cannot have one yet. Nothing is stored until it is saved."""
        return Session(self._call, "none")

    def close(self) -> None:
        """Closes the connection. Later calls raise SessionError CANCELLED. A with statement closes it too."""
        self._call.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
