"""The cache of one pipeline: what it knows of the sessions that were read on it. Makes no calls itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..errors import SessionError
from ..replies import check_results, check_session
from . import states
from .entries import Entries, Entry, key_of
from .liveness import Liveness, clock_at

# What changes a session or ends it.
_CHANGING = {"UpdateSession", "RegenerateSession", "InvalidateSession", "PushFlash", "PopFlash", "NewCsrfToken"}
_UNKNOWN_VERSION = 2**63


class CacheStats(NamedTuple):
    """What the cache has done since it was created, and what it holds.

    live: sessions that were opened from memory, without a call.
    validated: sessions that were opened from memory after the sidecar has confirmed them.
    missed: sessions that the sidecar has sent, because the cache did not have them or they had changed.
    reported: changes that the sidecar has reported, of sessions in the cache or not.
    sessions: in the cache.
    bytes: their approximate size.
    """

    live: int = 0
    validated: int = 0
    missed: int = 0
    reported: int = 0
    sessions: int = 0
    bytes: int = 0


class SessionCache:
    """Keeps sessions with two levels of freshness.

    While the stream reports every change, a session is opened from memory (live); otherwise the sidecar is asked whether it has
    changed (validated). Thread-safe. Its lock is taken after that of the pipeline, never before it.

    request: asks the stream for confirmation, with a clock in milliseconds.
    """

    def __init__(self, max_bytes: int, request: Callable[[int], None]) -> None:
        self._liveness = Liveness(request)
        self._lock = threading.Lock()
        self._entries = Entries(max_bytes)
        # The calls that were not answered, by session. What is reported is noted for each call by itself: with one note for a
        # session, a session that is read all the time would never be free of it.
        self._calls: dict[str, list[CachedCall]] = {}
        self._live = self._validated = self._missed = self._reported = 0

    @property
    def stats(self) -> CacheStats:
        with self._lock:
            counts = (self._live, self._validated, self._missed, self._reported)
            return CacheStats(*counts, len(self._entries), self._entries.size)

    def find(self, token: str) -> messages.Session | None:
        """A session that need not be asked for. It belongs to the caller."""
        self._liveness.note_use(time.monotonic())
        with self._lock:
            now = time.monotonic()
            entry = self._entries.peek(key_of(token))
            if entry is None or entry.token != token or now >= entry.live_until:
                return None
            if not self._liveness.covers(entry.epoch, now):
                return None
            self._entries.use(entry)
            self._live += 1
        return states.session_of(entry)

    def call(self, method: str, request: Any) -> CachedCall:
        """Begins a call. With it as the context, make the call with its request, and give it the response."""
        call = CachedCall(self, method, request)
        if not call.is_relevant:
            return call
        call.at = time.monotonic()
        self._liveness.note_use(call.at)
        with self._lock:
            call.epoch = self._liveness.begin()
            self._calls.setdefault(call.key, []).append(call)
            base = self._entries.peek(call.key)
        if base is not None and base.token == request.token:
            call.base = base
        if method in ("GetSession", "UpdateSession") and (call.base is not None or method == "GetSession"):
            request.etag = b"" if call.base is None else call.base.etag
        return call

    def end(self, call: CachedCall, error: BaseException | None) -> None:
        """Ends a call that has its response or has failed."""
        try:
            if call.method == "GetSession":
                self._end_read(call, error)
            else:
                self._end_change(call, error)
        finally:
            with self._lock:
                others = [each for each in self._calls[call.key] if each is not call]
                if others:
                    self._calls[call.key] = others
                else:
                    del self._calls[call.key]

    # What the stream reports that takes new calls.

    def on_stream_open(self) -> int:
        """Returns the clock to request confirmation with. The stream reports nothing before."""
        return clock_at(time.monotonic())

    def on_report(self, report: frames.PipelineResponse) -> None:
        """Comes before the replies of the same frame."""
        with self._lock:
            for change in report.changed:
                self._changed(key_of(change.handle), change.version or _UNKNOWN_VERSION)
            self._reported += len(report.changed)
            if report.all_changed:
                self._liveness.lose()
            if report.confirmed:
                self._liveness.confirmed(report.confirmed)

    def on_stream_lost(self) -> None:
        """What this stream would have reported from now on is lost."""
        with self._lock:
            self._liveness.lose()

    def _end_read(self, call: CachedCall, error: BaseException | None) -> None:
        if error is not None:
            if isinstance(error, SessionError) and error.code in ("SESSION_NOT_FOUND", "TOKEN_INVALID"):
                self._drop(call)
            return
        response = call.response
        if call.base is not None and response.HasField("not_modified"):
            entry = states.confirmed(call.base, response.not_modified)
            call.response = api.GetSessionResponse(session=states.session_of(entry), live_ms=response.live_ms)
        else:
            entry = None
        check_session("GetSession", call.response)
        with self._lock:
            if entry is None:
                self._missed += 1
            else:
                self._validated += 1
        if entry is None:
            session = response.session
            # A sidecar without etags, or with tokens that tell nothing of the handle, whose changes could not be noticed.
            if not response.etag or key_of(session.handle) != call.key:
                self._drop(call)
                return
            entry = states.received(call.request.token, session, response.etag)
        entry.live_until = call.at + response.live_ms / 1000
        with self._lock:
            self._keep_read(entry, call)

    def _end_change(self, call: CachedCall, error: BaseException | None) -> None:
        entry = None
        version = _UNKNOWN_VERSION
        try:
            if error is None and call.base is not None and call.method == "UpdateSession":
                check_results("UpdateSession", call.request.mutations, call.response)
                entry = states.updated(call.base, call.request, call.response)
                version = call.response.version
        finally:
            # Whatever came of it: a call that failed may have been applied.
            with self._lock:
                self._note(call.key, version)
                if entry is None:
                    self._entries.drop(call.request.token)
                else:
                    entry.live_until = call.at + call.response.live_ms / 1000
                    self._keep(entry, call)

    def _drop(self, call: CachedCall) -> None:
        with self._lock:
            self._entries.drop(call.request.token)

    def _keep_read(self, entry: Entry, call: CachedCall) -> None:
        present = self._entries.peek(entry.key)
        is_covered = present is not None and self._liveness.is_current(present.epoch) and present.version >= entry.version
        # A read that began before this epoch cannot be live, and must not replace a copy that is.
        if self._liveness.is_current(call.epoch) or not is_covered:
            self._keep(entry, call)

    def _keep(self, entry: Entry, call: CachedCall) -> None:
        entry.epoch = call.epoch if call.reported <= entry.version else None
        present = self._entries.peek(entry.key)
        # A later reply may have overtaken this one. Versions can be compared within an epoch.
        if present is None or present.epoch is None or present.epoch != call.epoch or not present.outranks(entry):
            self._entries.set(entry)

    def _changed(self, key: str, version: int) -> None:
        entry = self._entries.peek(key)
        if entry is not None and entry.version < version:
            entry.epoch = None
        self._note(key, version)

    def _note(self, key: str, version: int) -> None:
        for call in self._calls.get(key, ()):
            call.reported = max(call.reported, version)


class CachedCall:
    """A call on a session, and what was reported since it was made.

    at: when it was made, by time.monotonic().
    base: what the cache has of the session.
    epoch: in which every change since then is reported; None: changes might not be.
    reported: the highest version that was reported since: a reply that is older is out of date.
    """

    __slots__ = ("_cache", "at", "base", "epoch", "is_relevant", "key", "method", "reported", "request", "response")

    def __init__(self, cache: SessionCache, method: str, request: Any) -> None:
        self._cache = cache
        self.method = method
        self.request = request
        self.response: Any = None
        self.is_relevant = method == "GetSession" or method in _CHANGING
        self.key = key_of(request.token) if self.is_relevant else ""
        self.at = 0.0
        self.base: Entry | None = None
        self.epoch: int | None = None
        self.reported = 0

    def __enter__(self) -> CachedCall:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if self.is_relevant:
            self._cache.end(self, error)
