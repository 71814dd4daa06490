"""Own changes to sessions in memory."""

from __future__ import annotations

import threading
import unittest
from contextlib import suppress
from typing import Any

from cache_world import TOKEN, CacheTest, World
from session_sidecar import SessionError
from session_sidecar.cache.calls_in_flight import CachedCall
from session_sidecar.ordered_messages import data_of


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
                if data_of(found)[f"key{number}"] != str(value).encode():
                    failures.append(f"key{number} is {data_of(found)[f'key{number}']!r} instead of {value}")

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
