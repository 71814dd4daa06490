"""Calls in flight on sessions, and what the sidecar has reported about these sessions since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .kept_session import Entry, key_of

# The version of a change whose version is not known. Any reply may be older than that change.
UNKNOWN_VERSION = 2**63

# The methods that read, change or end a session. The cache ignores others.
_RELEVANT = {
    "GetSession",
    "UpdateSession",
    "RegenerateSession",
    "InvalidateSession",
    "PushFlash",
    "PopFlash",
    "NewCsrfToken",
}


class CachedCall:
    """A call that the cache follows. A context manager: within it, make the call with `request` and set `response`.

    ends_many: whether it may end sessions that it does not name.
    at: when the call was made, by time.monotonic().
    base: the session that the cache has for the token of the request.
    epoch: in which every later change is reported. None: changes may go unreported.
    reported: the highest version reported so far. A reply with a lower version is out of date.
    """

    __slots__ = ("_on_end", "at", "base", "ends_many", "epoch", "is_relevant", "key", "method", "reported", "request", "response")

    def __init__(self, method: str, request: Any, on_end: Callable[[CachedCall, BaseException | None], None]) -> None:
        self._on_end = on_end
        self.method = method
        self.request = request
        self.response: Any = None
        self.is_relevant = method in _RELEVANT
        self.ends_many = method == "InvalidateSubjectSessions"
        self.key = key_of(request.token) if self.is_relevant else ""
        self.at = 0.0
        self.base: Entry | None = None
        self.epoch: int | None = None
        self.reported = 0

    def __enter__(self) -> CachedCall:
        return self

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        if self.is_relevant or self.ends_many:
            self._on_end(self, error)


class CallsInFlight:
    """Calls by session.

    Reports are recorded per call, not per session: a session that is read continuously always has a call in flight, so a record
    per session would never be cleared, and no reply would be live.
    """

    def __init__(self) -> None:
        self._by_key: dict[str, list[CachedCall]] = {}

    def begin(self, call: CachedCall) -> None:
        self._by_key.setdefault(call.key, []).append(call)

    def changed(self, key: str, version: int) -> None:
        for call in self._by_key.get(key, ()):
            call.reported = max(call.reported, version)

    def end(self, call: CachedCall) -> None:
        others = [each for each in self._by_key[call.key] if each is not call]
        if others:
            self._by_key[call.key] = others
        else:
            del self._by_key[call.key]
