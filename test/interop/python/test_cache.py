"""Tests what the cache of the Python client opens without a call, and what it must not."""

from __future__ import annotations

import threading
import time
import tracemalloc
import unittest
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from unittest import mock

import grpc
from fake_sidecar import WHOLE, FakeSidecar, Refusal, Stream
from session_sidecar.cache.entries import Entries, Entry
from session_sidecar.cache.liveness import CONFIRM_INTERVAL, MAX_STALENESS
from session_sidecar.cache.session_cache import CachedCall, SessionCache
from session_sidecar.errors import SessionError
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from test_client import ClientTest, code_of, in_every_mode
from test_pipeline import in_background, until

HANDLE = "0123456789abcdefghijkl"
TOKEN = HANDLE + "secret.signature"


class World:
    """A cache, and a sidecar with one session, whose steps a test takes."""

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
        """Changes the session elsewhere, without a report."""
        self.session.data["count"] = str(count).encode()
        self.session.version += 1

    def report(self, version: int | None = None) -> None:
        change = frames.Change(handle=HANDLE, version=self.session.version if version is None else version)
        self.cache.on_report(frames.PipelineResponse(changed=[change]))

    def report_all(self) -> None:
        self.cache.on_report(frames.PipelineResponse(all_changed=True))

    def confirm(self) -> None:
        """Answers the last request for confirmation."""
        self.cache.on_report(frames.PipelineResponse(confirmed=self.requested[-1]))

    def begin(self, method: str = "GetSession", token: str = TOKEN, **fields: Any) -> CachedCall:
        return self.cache.call(method, getattr(api, f"{method}Request")(token=token, **fields))

    def execute(self, call: CachedCall) -> Any:
        """What the sidecar answers now."""
        present = self.etag()
        if call.method == "GetSession":
            terms: dict[str, Any] = {"live_ms": self.live_ms, "etag": present}
            if call.request.etag == present:
                return api.GetSessionResponse(not_modified={"expires": {"seconds": 40}}, **terms)
            return api.GetSessionResponse(session=self.session, **terms)
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
        return int(self.end(call, self.execute(call)).session.data["count"])

    def save(self, count: int) -> None:
        call = self.begin_save(count)
        self.end(call, self.execute(call))

    def begin_save(self, count: int) -> CachedCall:
        return self.begin("UpdateSession", mutations=[{"set": {"key": "count", "value": str(count).encode()}}])

    def opened(self) -> tuple[int, str]:
        """The count of the session, and how it was opened."""
        before = self.cache.stats
        found = self.cache.find(TOKEN)
        count = self.read() if found is None else int(found.data["count"])
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


class Live(CacheTest):
    def test_once_it_was_read_on_a_confirmed_stream(self) -> None:
        self.world.become_live()
        self.expect(0, "live")

    def test_not_what_was_read_before_anything_was_confirmed(self) -> None:
        self.world.read()
        self.world.change(1)
        self.world.confirm()
        self.expect(1, "missed")
        self.expect(1, "live")

    def test_not_after_a_change_is_reported(self) -> None:
        self.world.become_live()
        self.world.change(1)
        self.world.report()
        self.expect(1, "missed")
        self.expect(1, "live")
        self.world.report()
        self.expect(1, "live")
        self.world.report(0)
        self.expect(1, "validated")

    def test_not_after_anything_may_have_changed_or_the_stream_is_lost(self) -> None:
        for lose in (World.report_all, lambda world: world.cache.on_stream_lost()):
            self.setUp()
            self.world.become_live()
            self.world.change(1)
            lose(self.world)
            self.world.confirm()
            self.expect(1, "missed")
            self.expect(1, "live")

    def test_not_when_the_sidecar_falls_silent(self) -> None:
        self.world.become_live()
        self.world.now += MAX_STALENESS - 0.01
        self.expect(0, "live")
        self.world.now += 0.01
        self.expect(0, "validated")
        # Nothing was missed meanwhile.
        self.world.confirm()
        self.expect(0, "live")

    def test_not_when_redis_falls_silent_though_the_sidecar_answers(self) -> None:
        self.world.become_live()
        clock = self.world.requested[-1]
        self.world.now += MAX_STALENESS
        self.world.cache.on_report(frames.PipelineResponse(confirmed=clock))
        self.expect(0, "validated")

    def test_not_when_an_access_is_due_to_be_recorded(self) -> None:
        self.world.live_ms = 300
        self.world.become_live()
        self.world.now += 0.3
        self.expect(0, "validated")

    def test_not_by_a_reply_that_is_older_than_what_was_reported_meanwhile(self) -> None:
        self.world.become_live()
        self.world.report(0)
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.change(1)
        self.world.report()
        self.world.end(late, reply)
        self.expect(1, "missed")

    def test_not_by_a_reply_that_was_asked_for_before_anything_may_have_changed(self) -> None:
        self.world.become_live()
        self.world.report(0)
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.change(1)
        self.world.report_all()
        self.world.confirm()
        self.world.end(late, reply)
        self.expect(1, "missed")

    def test_again_though_it_is_read_all_the_time_and_an_earlier_reply_comes_later(self) -> None:
        self.world.become_live()
        self.world.report(0)
        first = self.world.begin()
        early = self.world.execute(first)
        self.world.change(1)
        self.world.report()
        second = self.world.begin()
        self.world.end(second, self.world.execute(second))
        self.expect(1, "live")
        self.world.end(first, early)
        self.expect(1, "live")

    def test_requests_confirmation_four_times_a_second_while_it_is_used(self) -> None:
        for _ in range(40):
            self.world.cache.find(TOKEN)
            self.world.now += CONFIRM_INTERVAL / 10
        self.assertEqual(len(self.world.requested), 4)

    def test_not_by_a_confirmation_that_is_older_than_a_report(self) -> None:
        self.world.become_live()
        self.world.report_all()
        self.world.confirm()
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.report(0)
        self.world.end(late, reply)
        self.expect(0, "validated")

    def test_for_as_long_as_a_later_reply_allows(self) -> None:
        self.world.become_live()
        self.world.change(1)
        self.world.report()
        late = self.world.begin()
        self.world.live_ms = 0
        reply = self.world.execute(late)
        self.world.live_ms = 3_600_000
        self.expect(1, "missed")
        self.world.end(late, reply)
        self.expect(1, "live")

    def test_still_when_a_reply_of_an_earlier_epoch_is_late(self) -> None:
        self.world.become_live()
        self.world.change(1)
        self.world.report()
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.report_all()
        self.world.confirm()
        self.expect(1, "missed")
        self.world.end(late, reply)
        self.expect(1, "live")

    def test_still_when_a_late_reply_of_the_same_version_is_not(self) -> None:
        self.world.become_live()
        late = self.world.begin()
        reply = self.world.execute(late)
        self.world.report(0)
        self.world.read()
        self.expect(0, "live")
        self.world.end(late, reply)
        self.expect(0, "live")


class OwnChanges(CacheTest):
    def test_are_seen_at_once_without_a_call(self) -> None:
        self.world.become_live()
        for count in range(1, 20):
            self.world.save(count)
            self.expect(count, "live")

    def test_are_not_taken_back_by_a_read_that_they_have_overtaken(self) -> None:
        self.world.become_live()
        read = self.world.begin()
        reply = self.world.execute(read)
        self.world.save(2)
        self.world.end(read, reply)
        self.expect(2, "live")

    def test_drop_an_outdated_copy(self) -> None:
        self.world.become_live()
        self.world.change(1)
        call = self.world.begin("UpdateSession", mutations=[{"set": {"key": "other", "value": b"1"}}])
        self.world.end(call, self.world.execute(call))
        self.assertEqual(self.world.cache.stats.sessions, 0)
        self.expect(1, "missed")

    def test_drop_a_copy_of_another_state_of_the_same_version(self) -> None:
        self.world.become_live()
        self.world.generation += 1
        self.world.session.data["count"] = b"7"
        call = self.world.begin("UpdateSession", mutations=[{"set": {"key": "other", "value": b"1"}}])
        self.world.end(call, self.world.execute(call))
        self.expect(7, "missed")

    def test_that_may_have_been_applied_drop_the_copy(self) -> None:
        for error in (SessionError("UNAVAILABLE", "lost"), KeyboardInterrupt()):
            self.setUp()
            self.world.become_live()
            call = self.world.begin_save(5)
            self.world.execute(call)
            with suppress(SessionError, KeyboardInterrupt), call:
                raise error
            self.expect(5, "missed")

    def test_that_the_cache_cannot_follow_drop_the_copy(self) -> None:
        updates: list[dict[str, Any]] = [
            {"subject": "ada"},
            {"no_idle_timeout": True},
            {"mutations": [{"take": {"key": "count"}}]},
        ]
        calls: list[tuple[str, dict[str, Any]]] = [("UpdateSession", fields) for fields in updates]
        calls += [(name, {}) for name in ("RegenerateSession", "InvalidateSession", "PushFlash", "PopFlash", "NewCsrfToken")]
        for method, fields in calls:
            with self.subTest(method=method, fields=fields):
                self.setUp()
                self.world.become_live()
                # A read that is in flight must not bring it back.
                read = self.world.begin()
                reply = self.world.execute(read)
                call = self.world.begin(method, **fields)
                self.world.end(call, self.world.execute(call))
                self.assertEqual(self.world.cache.stats[-2:], (0, 0))
                self.world.end(read, reply)
                self.assertIsNone(self.world.cache.find(TOKEN))


class Kept(CacheTest):
    def test_sessions_are_as_the_sidecar_has_sent_them_and_belong_to_the_caller(self) -> None:
        self.world.session.flash_queues.add(name="q", message_count=1)
        self.world.session.created.FromSeconds(10)
        self.world.session.subject = "ada"
        self.world.become_live()
        found = self.world.cache.find(TOKEN)
        assert found is not None
        self.assertEqual(found.expires.seconds, 40)
        found.ClearField("expires")
        self.assertEqual(found, self.world.session)
        found.data["count"] = b"9"
        self.expect(0, "live")

    def test_updates_are_followed(self) -> None:
        self.world.become_live()
        call = self.world.begin(
            "UpdateSession",
            mutations=[
                *({"set": {"key": key, "value": b"1"}} for key in ("gone", "kept")),
                {"set_if_absent": {"key": "kept", "value": b"2"}},
                {"delete": {"key": "gone"}},
                {"delete": {"key": "never"}},
                *({"push_flash": {"queue": "q", "message": b"1"}} for _ in range(3)),
            ],
        )
        response = self.world.execute(call)
        response.results[2].applied = response.results[7].applied = False
        response.results[2].value = b"1"
        self.world.end(call, response)
        found = self.world.cache.find(TOKEN)
        assert found is not None
        self.assertEqual(dict(found.data), {"count": b"0", "kept": b"1"})
        self.assertEqual([(queue.name, queue.message_count) for queue in found.flash_queues], [("q", 2)])
        call = self.world.begin("UpdateSession", mutations=[{"clear": {}}])
        self.world.end(call, self.world.execute(call))
        found = self.world.cache.find(TOKEN)
        assert found is not None
        self.assertEqual(dict(found.data), {})

    def test_not_a_session_that_has_ended(self) -> None:
        for code in ("SESSION_NOT_FOUND", "TOKEN_INVALID"):
            self.setUp()
            self.world.become_live()
            call = self.world.begin()
            with self.assertRaises(SessionError):
                self.world.end(call, SessionError(code, "ended"))
            self.assertEqual(self.world.cache.stats.sessions, 0)

    def test_not_a_session_without_an_etag_or_whose_token_tells_nothing_of_its_handle(self) -> None:
        for fields in ({"etag": b""}, {"session": messages.Session(handle="other")}):
            self.setUp()
            call = self.world.begin()
            response = self.world.execute(call)
            response.MergeFrom(api.GetSessionResponse(**fields))
            if "etag" in fields:
                response.ClearField("etag")
            self.world.end(call, response)
            self.assertEqual(self.world.cache.stats.sessions, 0)

    def test_a_copy_is_not_taken_for_another_state_of_the_same_version(self) -> None:
        self.world.become_live()
        self.world.generation += 1
        self.world.session.data["count"] = b"7"
        self.world.report_all()
        self.expect(7, "missed")

    def test_opens_only_for_its_own_token(self) -> None:
        self.world.become_live()
        other = HANDLE + "another.signature"
        self.assertIsNone(self.world.cache.find(other))
        call = self.world.begin(token=other)
        self.assertEqual(call.request.etag, b"")
        with self.assertRaises(SessionError):
            self.world.end(call, SessionError("SESSION_NOT_FOUND", "ended"))
        self.expect(0, "live")

    def test_a_malformed_reply_is_not_kept(self) -> None:
        call = self.world.begin()
        with self.assertRaises(SessionError):
            self.world.end(call, api.GetSessionResponse(etag=b"1"))
        self.world.become_live()
        call = self.world.begin_save(1)
        with self.assertRaises(SessionError):
            self.world.end(call, api.UpdateSessionResponse(version=2, etag=b"2"))
        self.assertEqual(self.world.cache.stats.sessions, 0)


class Size(unittest.TestCase):
    def fill(self, cache: SessionCache, count: int, data: Callable[[int], dict[str, bytes]], first: int = 0) -> None:
        for number in range(first, first + count):
            handle = f"{number:022d}"
            call = cache.call("GetSession", api.GetSessionRequest(token=handle + 21 * "s" + "." + 24 * "s"))
            with call:
                session = messages.Session(handle=handle, csrf_token=22 * "c", version=1, data=data(number))
                call.response = api.GetSessionResponse(session=session, etag=bytes(16))

    def test_is_counted_as_what_sessions_hold(self) -> None:
        shapes: dict[str, Callable[[int], dict[str, bytes]]] = {
            "one number": lambda number: {"count": str(number).encode()},
            "20 keys": lambda number: {f"key{key}": f"value {number} {key}".encode() for key in range(20)},
            "4 KB": lambda number: {"text": bytes(4096) + str(number).encode()},
        }
        for name, shape in shapes.items():
            with self.subTest(name):
                cache = SessionCache(1 << 30, lambda _: None)
                self.fill(cache, 200, shape)
                counted = cache.stats.bytes
                tracemalloc.start()
                self.fill(cache, 3000, shape, 200)
                held, _ = tracemalloc.get_traced_memory()
                tracemalloc.stop()
                ratio = (cache.stats.bytes - counted) / held
                # Too little would break the limit; too much would waste it.
                self.assertTrue(0.85 < ratio < 1.5, f"{name}: {ratio:.2f}")

    def test_is_bounded(self) -> None:
        cache = SessionCache(1 << 18, lambda _: None)
        self.fill(cache, 3000, lambda _: {"text": bytes(300)})
        self.assertTrue(1 << 17 < cache.stats.bytes <= 1 << 18)
        before = cache.stats
        self.fill(cache, 1, lambda _: {"text": bytes(1 << 17)}, 9000)
        self.assertEqual(cache.stats[-2:], before[-2:])

    def test_what_is_used_stays(self) -> None:
        entries = Entries(100 * Entry("0", 1, b"", b"").size)
        used = Entry("used", 1, b"", b"")
        entries.set(used)
        for number in range(1000):
            entries.set(Entry(str(number), 1, b"", b""))
            entries.use(used)
        self.assertIs(entries.peek("used"), used)
        self.assertIsNone(entries.peek("0"))


def session_call(stream: Stream, call: Any) -> None:
    """Answers as a sidecar does in which no session ever changes."""
    handle = api.GetSessionRequest.FromString(call.request).token[:22]
    session = messages.Session(handle=handle, csrf_token="csrf", version=1)
    response = api.GetSessionResponse(session=session, etag=b"1", live_ms=3_600_000)
    stream.reply(frames.PipelineReply(id=call.id, response=response.SerializeToString()))


class Streams(ClientTest):
    """Over a pipeline."""

    def is_live(self, client: Any, token: str) -> bool:
        before = client.cache_stats.live
        client.open(token)
        return bool(client.cache_stats.live > before)

    def become_live(self, client: Any, *tokens: str) -> None:
        for token in tokens:
            until("a live read", lambda token=token: self.is_live(client, token))  # type: ignore[misc]

    def open_until_there_are_two(self, fake: FakeSidecar, client: Any) -> None:
        def are_two() -> bool:
            client.open(TOKEN)
            return len(fake.streams) == 2

        until("another stream", are_two)

    def test_that_confirm_make_sessions_live_until_a_change_is_reported(self) -> None:
        with FakeSidecar(on_call=session_call) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
            client.open(TOKEN)
            self.assertGreater(fake.streams[0].frames[0].confirm, 0)
            self.become_live(client, TOKEN)
            calls = len(fake.streams[0].calls)
            for _ in range(10):
                self.assertTrue(self.is_live(client, TOKEN))
            self.assertEqual(len(fake.streams[0].calls), calls)
            fake.streams[0].reply(changed=[frames.Change(handle=HANDLE, version=2)])
            until("a read that is not live", lambda: not self.is_live(client, TOKEN))
            self.assertEqual(client.cache_stats.reported, 1)

    def test_that_are_lost_end_what_was_read_on_them(self) -> None:
        other = "abcdefghijklmnopqrstuv" + "secret.signature"
        losses: list[Callable[[Stream], None]] = [
            lambda stream: stream.end(Refusal(grpc.StatusCode.UNAVAILABLE)),
            lambda stream: stream.reply(draining=True),
        ]
        for lose in losses:
            with FakeSidecar(on_call=session_call) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
                self.become_live(client, TOKEN, other)
                lose(fake.streams[0])
                self.open_until_there_are_two(fake, client)
                self.become_live(client, TOKEN)
                self.assertFalse(self.is_live(client, other))

    def test_that_were_left_report_nothing(self) -> None:
        def receive(stream: Stream, call: Any) -> None:
            if call.method == "GetSession":
                session_call(stream, call)

        with FakeSidecar(on_call=receive) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
            self.become_live(client, TOKEN)
            session = client.create()
            session["key"] = 1
            saving = in_background(session.save)
            until("the call", lambda: any(call.method == "CreateSession" for call in fake.streams[0].calls))
            fake.streams[0].reply(draining=True)
            self.open_until_there_are_two(fake, client)
            self.become_live(client, TOKEN)
            (held,) = (call for call in fake.streams[0].calls if call.method == "CreateSession")
            reply = frames.PipelineReply(id=held.id, response=WHOLE["CreateSession"].SerializeToString())
            fake.streams[0].reply(reply, all_changed=True)
            self.assertEqual(saving.result(), "")
            self.assertTrue(self.is_live(client, TOKEN))

    def test_are_for_caches_of_a_size(self) -> None:
        for size in (0, -1, 1.5, "1"):
            with self.assertRaises(ValueError):
                self.connect("localhost:1", cache_bytes=size)

    def test_of_a_closed_client_open_nothing(self) -> None:
        with FakeSidecar(on_call=session_call) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
            self.become_live(client, TOKEN)
            client.close()
            self.assertEqual(code_of(lambda: client.open(TOKEN)), "CANCELLED")


class Threads(unittest.TestCase):
    def test_each_sees_its_own_changes_whatever_others_do(self) -> None:
        world = World()
        lock = threading.Lock()
        failures: list[str] = []
        done = threading.Event()

        def execute(call: CachedCall) -> Any:
            with lock:
                return world.execute(call)

        def elsewhere() -> None:
            for count in range(1_000_000):
                if done.is_set():
                    return
                with lock:
                    world.change(count)
                    world.report()
                    if count % 50 == 0:
                        world.report_all()
                    world.confirm()

        def own(number: int) -> None:
            for value in range(1, 100):
                call = world.begin("UpdateSession", mutations=[{"set": {"key": f"key{number}", "value": str(value).encode()}}])
                world.end(call, execute(call))
                found = world.cache.find(TOKEN)
                if found is None:
                    call = world.begin()
                    found = world.end(call, execute(call)).session
                if found.data[f"key{number}"] != str(value).encode():
                    failures.append(f"key{number} is {found.data[f'key{number}']!r} instead of {value}")

        world.become_live()
        threads = [threading.Thread(target=own, args=[number]) for number in range(8)]
        other = threading.Thread(target=elsewhere)
        for thread in (other, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        done.set()
        other.join()
        self.assertEqual(failures, [])
        self.assertGreater(world.cache.stats.live, 0)


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    suite = in_every_mode(Streams, modes=("pipeline", "asyncio pipeline"))
    for case in (Live, OwnChanges, Kept, Size, Threads):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
