"""Locks, and saves that fail on a conflict, beside a sidecar whose answers each test decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest import TestSuite

import grpc
from fake_sidecar import WHOLE, Call, FakeSidecar, Refusal
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode

HELD = Refusal(grpc.StatusCode.ABORTED, "LEASE_HELD")
LEASED = messages.Session(handle="handle", version=7, flash_queues=[{"name": "", "message_count": 1}])


def replies(call: Call) -> Any:
    if call.method == "AcquireLease":
        return api.AcquireLeaseResponse(fence=42, session=LEASED)
    if call.method == "ReleaseLease":
        return api.ReleaseLeaseResponse(released=True)
    if call.method == "GetSession":
        return api.GetSessionResponse(session=LEASED)
    if call.method == "UpdateSession":
        results = [{"applied": True, "messages": [b'"hello"']} for _ in call.request.mutations]
        return api.UpdateSessionResponse(version=8, results=results)
    return WHOLE[call.method]


def held(times: int) -> Callable[[Call], Any]:
    """Refuse the lease some times."""
    left = [times]

    def answer(call: Call) -> Any:
        if call.method == "AcquireLease" and left[0] > 0:
            left[0] -= 1
            raise HELD
        return replies(call)

    return answer


class Lock(ClientTest):
    def methods(self, fake: FakeSidecar) -> list[str]:
        return [call.method for call in fake.calls]

    def test_asks_again_as_the_same_holder_until_it_has_the_lease(self) -> None:
        with FakeSidecar(held(3)) as fake, self.patient(fake) as client:
            with client.lock("token", lease=0.25, wait=60) as session:
                self.assertEqual((session.fence, session.version, session.origin, session.is_new), (42, 7, "found", False))
            self.assertEqual(self.methods(fake), ["AcquireLease"] * 4 + ["ReleaseLease"])
            holders = {call.request.holder for call in fake.calls[:4]}
            self.assertEqual(len(holders), 1)
            self.assertEqual(fake.calls[0].request.duration.ToMilliseconds(), 250)
            with client.lock("token"):
                pass
            self.assertNotIn(fake.calls[-2].request.holder, holders)

    def test_fails_when_the_wait_is_over_or_for_another_reason_at_once(self) -> None:
        def lock(client: Any) -> None:
            with client.lock("token", wait=0):
                self.fail("entered")

        with FakeSidecar(held(100)) as fake, self.patient(fake) as client:
            self.assertEqual(code_of(lambda: lock(client)), "LEASE_HELD")
            self.assertEqual(self.methods(fake), ["AcquireLease"])

    def test_saves_at_its_end_under_the_fence(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            with client.lock("token") as session:
                session["key"] = 1
                self.assertEqual(session.pop_flash(), ["hello"])
                session.transform("other", lambda _: 2)
            # A pop, a transformation, and at the end the key.
            expected = ["AcquireLease", "UpdateSession", "GetSession", "UpdateSession", "UpdateSession", "ReleaseLease"]
            self.assertEqual(self.methods(fake), expected)
            updates = [call.request for call in fake.calls if call.method == "UpdateSession"]
            self.assertEqual([update.fence for update in updates], [42] * 3)
            self.assertEqual(fake.calls[-1].request, api.ReleaseLeaseRequest(token="token", fence=42))

    def test_saves_nothing_if_the_body_raises_and_releases_the_lease(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            with self.assertRaises(ZeroDivisionError), client.lock("token") as session:
                session["key"] = 1
                raise ZeroDivisionError
            self.assertEqual(self.methods(fake), ["AcquireLease", "ReleaseLease"])

    def test_does_not_fail_because_it_cannot_release(self) -> None:
        def answer(call: Call) -> Any:
            if call.method == "ReleaseLease":
                raise Refusal(grpc.StatusCode.INTERNAL, "INTERNAL")
            return replies(call)

        with FakeSidecar(answer) as fake, self.patient(fake) as client, client.lock("token"):
            pass
        self.assertEqual(self.methods(fake), ["AcquireLease", "ReleaseLease"])

    def test_releases_nothing_when_the_session_has_ended(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            with client.lock("token") as session:
                session.invalidate()
                self.assertIsNone(session.fence)
            self.assertEqual(self.methods(fake), ["AcquireLease", "InvalidateSession"])

    def test_refuses_times_that_are_none(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            for options in ({"lease": 0}, {"lease": 301}, {"lease": float("nan")}, {"wait": -1}):
                with self.assertRaises(ValueError), client.lock("token", **options):
                    self.fail("entered")
            with self.assertRaises(TypeError), client.lock("token", lease="10"):
                self.fail("entered")
            self.assertEqual(fake.calls, [])


class OnConflict(ClientTest):
    def test_sends_the_version_that_was_loaded(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            session["key"] = 1
            session.save(on_conflict="fail")
            session["key"] = 2
            session.save()
            self.assertEqual([call.request.if_version for call in fake.calls[1:]], [7, 0])
            self.assertFalse(fake.calls[2].request.HasField("if_version"))

    def test_refuses_another_value(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            with self.assertRaises(ValueError):
                session.save(on_conflict="retry")
            self.assertEqual(len(fake.calls), 1)

    def test_knows_a_grace_before_it_calls(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            session.regenerate(grace=1.5)
            self.assertEqual(fake.calls[1].request.grace.ToMilliseconds(), 1500)
            for wrong in (0, -1, 1000):
                with self.assertRaises(ValueError):
                    session.regenerate(grace=wrong)
            self.assertEqual(len(fake.calls), 2)


def load_tests(_loader: object, _tests: object, _pattern: object) -> TestSuite:
    return in_every_mode(Lock, OnConflict)
