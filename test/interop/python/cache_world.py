"""A cache and a sidecar, whose steps each test decides."""

from __future__ import annotations

import time
import unittest
from typing import Any
from unittest import mock

from session_sidecar.cache.calls_in_flight import CachedCall
from session_sidecar.cache.session_cache import SessionCache
from session_sidecar.ordered_messages import GetSessionResponse, data_of
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

HANDLE = "0123456789abcdefghijkl"
TOKEN = HANDLE + "secret.signature"


def response_with(session: messages.Session, **more: Any) -> Any:
    """Return the response to GetSession, as the client reads it."""
    return GetSessionResponse.FromString(api.GetSessionResponse(session=session, **more).SerializeToString())


class World:
    """A cache and a sidecar with one session."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self.requested: list[int] = []
        self.cache = SessionCache(1 << 20, self.requested.append)
        self.generation = 0
        self.live_ms = 3_600_000
        self.session = messages.Session(handle=HANDLE, csrf_token="csrf", version=1, data={"count": b"0"})

    def etag(self) -> bytes:
        return f"{self.generation}-{self.session.version}".encode()

    def change(self, count: int) -> None:
        """Change the session elsewhere, without a report."""
        self.session.data["count"] = str(count).encode()
        self.session.version += 1

    def report(self, version: int | None = None) -> None:
        change = frames.Change(handle=HANDLE, version=self.session.version if version is None else version)
        self.cache.on_report(frames.PipelineResponse(changed=[change]))

    def report_all(self) -> None:
        self.cache.on_report(frames.PipelineResponse(all_changed=True))

    def confirm(self) -> None:
        """Answer the last request for confirmation."""
        self.cache.on_report(frames.PipelineResponse(confirmed=self.requested[-1]))

    def begin(self, method: str = "GetSession", token: str = TOKEN, **fields: Any) -> CachedCall:
        return self.cache.call(method, getattr(api, f"{method}Request")(token=token, **fields))

    def execute(self, call: CachedCall) -> Any:
        """Run a call in the sidecar, and return its reply."""
        present = self.etag()
        if call.method == "GetSession":
            terms: dict[str, Any] = {"live_ms": self.live_ms, "etag": present}
            if call.request.etag == present:
                return GetSessionResponse(not_modified={"expires": {"seconds": 40}}, **terms)
            return response_with(self.session, **terms)
        self.session.version += 1
        if call.method != "UpdateSession":
            return getattr(api, f"{call.method}Response")()
        response = api.UpdateSessionResponse(version=self.session.version)
        for mutation in call.request.mutations:
            if mutation.HasField("set"):
                self.session.data[mutation.set.key] = mutation.set.value
            response.results.add(applied=True)
        if call.request.etag == present:
            response.etag, response.live_ms = self.etag(), self.live_ms
        self.report()
        return response

    def end(self, call: CachedCall, response: Any) -> Any:
        with call:
            if isinstance(response, Exception):
                raise response
            call.response = response
        return call.response

    def read(self) -> int:
        call = self.begin()
        return int(data_of(self.end(call, self.execute(call)).session)["count"])

    def save(self, count: int) -> None:
        call = self.begin_save(count)
        self.end(call, self.execute(call))

    def begin_save(self, count: int) -> CachedCall:
        return self.begin("UpdateSession", mutations=[{"set": {"key": "count", "value": str(count).encode()}}])

    def opened(self) -> tuple[int, str]:
        """Return the count of the session, and how it was opened: live, validated or missed."""
        before = self.cache.stats
        found = self.cache.find(TOKEN)
        count = self.read() if found is None else int(data_of(found)["count"])
        after = self.cache.stats
        ways = [name for name in ("live", "validated", "missed") if getattr(after, name) > getattr(before, name)]
        return count, " ".join(ways)

    def become_live(self) -> None:
        self.read()
        self.confirm()
        self.read()
        assert self.opened()[1] == "live"


class CacheTest(unittest.TestCase):
    def setUp(self) -> None:
        self.world = World()
        patch = mock.patch("session_sidecar.cache.session_cache.time.monotonic", lambda: self.world.now)
        patch.start()
        self.addCleanup(patch.stop)

    def expect(self, count: int, way: str) -> None:
        self.assertEqual(self.world.opened(), (count, way))
