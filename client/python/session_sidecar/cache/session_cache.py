"""The cache of one pipeline. It makes no calls itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from session_sidecar_proto.session.v1 import pipeline_pb2 as frames

from ..errors import SessionError
from ..ordered_messages import GetSessionResponse
from ..replies import check_results, check_session
from . import kept_session
from .calls_in_flight import UNKNOWN_VERSION, CachedCall, CallsInFlight
from .generational_map import GenerationalMap
from .kept_session import Entry, key_of
from .liveness import Liveness, clock_at


class CacheStats(NamedTuple):
    """What the cache has done since it was created, and what it holds.

    live: sessions opened from memory, without a call.
    validated: sessions opened from memory after the sidecar confirmed that they had not changed.
    missed: sessions sent by the sidecar, because the cache did not have them or they had changed.
    reported: changes reported by the sidecar, of sessions in the cache or not.
    sessions: sessions in the cache.
    bytes: approximate size of the sessions in the cache.
    """

    live: int = 0
    validated: int = 0
    missed: int = 0
    reported: int = 0
    sessions: int = 0
    bytes: int = 0


class SessionCache:
    """Keeps the sessions that were read, with two levels of freshness.

    While the stream reports every change, a session is opened from memory (live). Otherwise the sidecar is asked first whether
    the session has changed (validated). Thread-safe. The lock of the pipeline may be held when that of the cache is taken, but
    not the other way round.

    request: requests confirmation from the sidecar, with a clock in milliseconds.
    """

    def __init__(self, max_bytes: int, request: Callable[[int], None]) -> None:
        self._liveness = Liveness(request)
        self._lock = threading.Lock()
        self._entries = GenerationalMap(max_bytes)
        self._calls = CallsInFlight()
        self._live = self._validated = self._missed = self._reported = 0

    @property
    def stats(self) -> CacheStats:
        with self._lock:
            counts = (self._live, self._validated, self._missed, self._reported)
            return CacheStats(*counts, len(self._entries), self._entries.size)

    def find(self, token: str) -> Any:
        """Return the Session of a token if it is live, else None. The caller may modify it."""
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
        return kept_session.session_of(entry)

    def call(self, method: str, request: Any) -> CachedCall:
        """Begin a call. May add an etag to the request."""
        call = CachedCall(method, request, self._end)
        if not call.is_relevant:
            return call
        call.at = time.monotonic()
        self._liveness.note_use(call.at)
        with self._lock:
            call.epoch = self._liveness.begin()
            self._calls.begin(call)
            base = self._entries.peek(call.key)
        if base is not None and base.token == request.token:
            call.base = base
        if method in ("GetSession", "UpdateSession") and (call.base is not None or method == "GetSession"):
            request.etag = b"" if call.base is None else call.base.etag
        return call

    # The events of the stream that takes new calls.

    def on_stream_open(self) -> int:
        """Return the clock to request confirmation with. The request subscribes the stream to reports."""
        return clock_at(time.monotonic())

    def on_report(self, report: frames.PipelineResponse) -> None:
        """Called before the replies of the same frame are delivered."""
        with self._lock:
            for change in report.changed:
                self._changed(key_of(change.handle), change.version or UNKNOWN_VERSION)
            self._reported += len(report.changed)
            if report.all_changed:
                self._liveness.lose()
            if report.confirmed:
                self._liveness.confirmed(report.confirmed)

    def on_stream_lost(self) -> None:
        """No further report of this stream will be delivered."""
        with self._lock:
            self._liveness.lose()

    def _changed(self, key: str, version: int) -> None:
        entry = self._entries.peek(key)
        if entry is not None and entry.version < version:
            entry.epoch = None
        self._calls.changed(key, version)

    def _end(self, call: CachedCall, error: BaseException | None) -> None:
        if call.ends_many:
            # Even after a failure, because some may have ended. The reply does not say which: validate all others once.
            self.on_stream_lost()
            return
        try:
            if call.method == "GetSession":
                self._end_read(call, error)
            else:
                self._end_change(call, error)
        finally:
            with self._lock:
                self._calls.end(call)

    def _end_read(self, call: CachedCall, error: BaseException | None) -> None:
        if error is not None:
            if isinstance(error, SessionError) and error.code in ("SESSION_NOT_FOUND", "TOKEN_INVALID"):
                self._drop(call)
            return
        response = call.response
        if call.base is not None and response.HasField("not_modified"):
            entry = kept_session.confirmed(call.base, response.not_modified)
            call.response = GetSessionResponse(session=kept_session.session_of(entry), live_ms=response.live_ms)
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
            # A sidecar without etags cannot validate a copy. Reports name handles, so a token that does not begin with the handle
            # cannot be found by them.
            if not response.etag or key_of(session.handle) != call.key:
                self._drop(call)
                return
            entry = kept_session.received(call.request.token, session, response.etag)
        entry.live_until = call.at + response.live_ms / 1000
        with self._lock:
            self._keep_read(entry, call)

    def _end_change(self, call: CachedCall, error: BaseException | None) -> None:
        entry = None
        version = UNKNOWN_VERSION
        try:
            if error is None and call.base is not None and call.method == "UpdateSession":
                check_results("UpdateSession", call.request.mutations, call.response)
                entry = kept_session.updated(call.base, call.request, call.response)
                version = call.response.version
        finally:
            # Even after a failure, because the change may have been applied.
            with self._lock:
                self._calls.changed(call.key, version)
                if entry is None:
                    self._entries.drop(call.request.token)
                else:
                    entry.live_until = call.at + call.response.live_ms / 1000
                    self._keep(entry, call)

    def _drop(self, call: CachedCall) -> None:
        with self._lock:
            self._entries.drop(call.request.token)

    def _keep_read(self, entry: Entry, call: CachedCall) -> None:
        """Add a session that was read, unless a copy that is live would lose by it."""
        present = self._entries.peek(entry.key)
        is_covered = present is not None and self._liveness.is_current(present.epoch) and present.version >= entry.version
        # If the read began before the current epoch, its session is not live and must not replace one that is.
        if self._liveness.is_current(call.epoch) or not is_covered:
            self._keep(entry, call)

    def _keep(self, entry: Entry, call: CachedCall) -> None:
        entry.epoch = call.epoch if call.reported <= entry.version else None
        present = self._entries.peek(entry.key)
        # The reply to a later call may have come first. Only within an epoch do versions say which is newer.
        if present is None or present.epoch is None or present.epoch != call.epoch or not present.outranks(entry):
            self._entries.set(entry)
