"""What the cache keeps, and how much."""

from __future__ import annotations

import tracemalloc
import unittest
from collections.abc import Callable

from cache_world import HANDLE, TOKEN, CacheTest, response_with
from session_sidecar import SessionError
from session_sidecar.cache.generational_map import GenerationalMap
from session_sidecar.cache.kept_session import Entry
from session_sidecar.cache.session_cache import SessionCache
from session_sidecar.ordered_messages import GetSessionResponse, Session, data_of, set_data
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api


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
        self.assertEqual(found, Session.FromString(self.world.session.SerializeToString()))
        set_data(found, {"count": b"9"})
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
        self.assertEqual(data_of(found), {"count": b"0", "kept": b"1"})
        self.assertEqual([(queue.name, queue.message_count) for queue in found.flash_queues], [("q", 2)])
        call = self.world.begin("UpdateSession", mutations=[{"clear": {}}])
        self.world.end(call, self.world.execute(call))
        found = self.world.cache.find(TOKEN)
        assert found is not None
        self.assertEqual(data_of(found), {})

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
            response.MergeFrom(GetSessionResponse.FromString(api.GetSessionResponse(**fields).SerializeToString()))
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
            self.world.end(call, GetSessionResponse(etag=b"1"))
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
                call.response = response_with(session, etag=bytes(16))

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
                # If the count is too low, the cache exceeds its limit; if it is too high, it wastes memory.
                self.assertTrue(0.85 < ratio < 1.5, f"{name}: {ratio:.2f}")

    def test_is_limited_and_larger_sessions_are_not_kept(self) -> None:
        cache = SessionCache(1 << 18, lambda _: None)
        self.fill(cache, 3000, lambda _: {"text": bytes(300)})
        self.assertTrue(1 << 17 < cache.stats.bytes <= 1 << 18)
        before = cache.stats
        self.fill(cache, 1, lambda _: {"text": bytes(1 << 17)}, 9000)
        self.assertEqual(cache.stats[-2:], before[-2:])

    def test_what_is_used_stays(self) -> None:
        entries = GenerationalMap(100 * Entry("0", 1, b"", b"").size)
        used = Entry("used", 1, b"", b"")
        entries.set(used)
        for number in range(1000):
            entries.set(Entry(str(number), 1, b"", b""))
            entries.use(used)
        self.assertIs(entries.peek("used"), used)
        self.assertIsNone(entries.peek("0"))
