"""The client for code that blocks."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

from .cache.session_cache import CacheStats
from .codecs import Codec
from .codecs.value_codec import value_codec
from .leases import DEFAULT_LEASE, DEFAULT_WAIT, acquiring, releasing
from .opening import creating, invalidating, opening, opening_by_id
from .plans import run
from .session import Session
from .subject_sessions import SubjectSessions
from .transport.api_token import metadata_of
from .transport.transport import Transport
from .watch.progress import Progress
from .watch.session_event import SessionEvent
from .watch.watching import OpenWatches, watching


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
    codec: turns values and flash messages into what the sidecar stores, and back. Default: JSON. TaggedJsonCodec() keeps more
        types.

    Raises ValueError if an option is invalid, if the API token is not visible ASCII, or if both a token and a file are given, and
    TypeError if the codec is none.
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
        self._call = Transport(address, timeout, api_token, api_token_file, transport, cache_bytes)
        self._address = address
        self._metadata = metadata_of(api_token, api_token_file)
        self._watches = OpenWatches()

    def open(self, token: str | Iterable[str] | None) -> Session:
        """Load the session of a token, as received in the visitor's cookie.

        A browser may send several cookies of one name. Of several tokens, up to three different ones are tried in order, one call
        each, and the first session found is returned. If none is found, origin describes the first token.

        If there is no token, the token is not genuine, or its session has ended, returns a new session, whose origin says which
        was the case. Never stores anything. Raises SessionError if the sidecar or its store is unavailable, because a visitor
        whose session cannot be read must not be mistaken for a new one.
        """
        return Session(self._call, self._codec, run(opening(token, self._call.find), self._call))

    def open_by_id(self, id: str) -> Session:
        """Load the session with an id that the application has chosen, see create().

        If no session has it, returns a new one, which save() creates with this id. save() raises VERSION_MISMATCH if another
        request has created it meanwhile. Never stores anything. Raises UNIMPLEMENTED if the sidecar is older than this method.
        """
        return Session(self._call, self._codec, run(opening_by_id(id), self._call))

    @contextmanager
    def lock(self, token: str, *, lease: float = DEFAULT_LEASE, wait: float = DEFAULT_WAIT) -> Iterator[Session]:
        """Return a context manager: within it, no other holder has the lease of the session, and its end saves the session.

        It returns the session as it is when the lease begins, in the same call. If the body raises, nothing more is saved. The
        lease ends with the body, or after its time, so that a crash does not hold up others for longer. save(), transform(),
        pop_flash() and regenerate() of this session depend on it: if the lease has ended, they raise LEASE_LOST, and nothing is
        stored. It keeps out only other holders: sessions that were opened otherwise are saved as ever.

        lease: after how many seconds the lease ends by itself, 0.1 to 300: longer than the body takes, and no longer than others
            should wait after a crash. It is not renewed. Default: 10.
        wait: for how many seconds to wait while another holder has the lease, from 0 up. Default: 5.

        Raises LEASE_HELD if another holder still has it then, SESSION_NOT_FOUND or TOKEN_INVALID if the token has no session,
        and UNIMPLEMENTED if the sidecar is older than this method.
        """
        session = Session(self._call, self._codec, run(acquiring(token, lease, wait), self._call))
        try:
            yield session
            session.save()
        finally:
            # Its token may have been replaced. A session that has ended has no lease.
            run(releasing(session.token, session.fence), self._call)

    def invalidate(self, token: str | Iterable[str] | None) -> None:
        """End the session of a token without loading it, in one call; of several tokens, up to three different ones.

        Works even if the sidecar cannot read the session's record. Does nothing for a token that is not genuine, or whose session
        has ended. Raises SessionError if a session could not be ended, after trying all of them.
        """
        run(invalidating(token), self._call)

    def for_subject(self, subject: str) -> SubjectSessions:
        """Return the sessions that belong to a subject, to list or end them. It does not call the sidecar.

        subject: as assigned to Session.subject.
        """
        return SubjectSessions(self._call, self._codec, subject)

    @property
    def cache_stats(self) -> CacheStats:
        """What the cache of this process has done and what it holds. Without a cache, all counts are 0."""
        return self._call.cache_stats

    def create(self, *, id: str | None = None) -> Session:
        """Return a new session, for a visitor without one. It is not stored until it is saved.

        id: lets open_by_id() find the session, so that the application need not keep its token: 1 to 256 bytes of UTF-8 without
            control characters. It is as secret as a token and must be unguessable, but has no signature: never take one from a
            browser without verifying that the application has issued it. save() raises VERSION_MISMATCH if a session has this id.
            invalidate() frees the id; regenerate() keeps it from finding the session. Default: the session has only a token.
        """
        return Session(self._call, self._codec, creating(id))

    def watch(
        self,
        *,
        subject: str | None = None,
        group: str | None = None,
        after: str | None = None,
        on_ready: Callable[[], object] | None = None,
    ) -> Iterator[SessionEvent]:
        """Report when sessions are created, get a new token and end, in all sidecars of the deployment.

        Nothing is sent before the first event is requested. The iterator reconnects by itself and misses nothing, unless that
        takes longer than SESSION_SIDECAR_EVENT_RETENTION: then it raises CURSOR_EXPIRED. After a failure, an event may be
        reported again. Leaving the loop ends watching. Closing the client ends it with CANCELLED.

        subject: reports only sessions of this subject. Default: all sessions.
        group: shares the events with other watchers of the same name: each event is reported to one of them. One is active,
            another goes on when it is gone. An event counts as processed when the next one is requested; what was not is
            reported again. 1 to 64 letters, digits and "._-". Default: this watcher gets every event.
        after: the cursor of the last event that was processed. Default: with a group, goes on where the group was; otherwise
            begins now.
        on_ready: called when watching has begun: what happens from then on is reported.
        """
        progress = Progress(subject, group, after, on_ready)
        return watching(progress, self._address, self._metadata, self._call, self._watches)

    def close(self) -> None:
        """Close the connection. Calls in flight and later calls raise SessionError CANCELLED. A with statement does this too."""
        self._watches.close()
        self._call.close()

    def __enter__(self) -> SessionClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
