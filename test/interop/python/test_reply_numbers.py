"""Replies with numbers at the ends of what their fields, JavaScript and dates can hold: each is read, or a SessionError."""

from __future__ import annotations

import math
import unittest
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta, timezone
from itertools import product
from typing import Any

import grpc
from cache_world import HANDLE, TOKEN
from fake_sidecar import WHOLE, Call, FakeSidecar, Refusal, answering
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import error_details_pb2, status_pb2
from session_sidecar import SessionError
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode

INT32 = (-(2**31), 2**31 - 1)
INT64 = (-(2**63), -(2**53) - 1, -(2**53), -1, 0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 1)
# The first and the last second of a Timestamp, and the limit of a Duration.
SECONDS = (*INT64, -62_135_596_801, -62_135_596_800, 253_402_300_799, 253_402_300_800, 315_576_000_000, 315_576_000_001)
NANOS = (*INT32, -1, 0, 999_999_999, 10**9)
FACTS = ("handle", "version", "created", "expires", "idle_timeout", "subject", "flash_queues", "state", "has_changes")
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def outcome(action: Callable[[], Any]) -> Any:
    """Return what an action returns, or the code of its SessionError. Any other error is one of the test."""
    try:
        return action()
    except SessionError as error:
        return error.code


def times(kind: Any) -> Iterator[Any]:
    for seconds, nanos in product(SECONDS, NANOS):
        yield kind(seconds=seconds, nanos=nanos)


def is_timestamp(time: Any) -> bool:
    return time.seconds in range(-62_135_596_800, 253_402_300_800) and time.nanos in range(10**9)


def is_timeout(time: Any) -> bool:
    return time.seconds in range(315_576_000_001) and time.nanos in range(10**9)


def span_of(time: Any) -> timedelta:
    return timedelta(seconds=time.seconds, microseconds=time.nanos // 1000)


def refusing(retry_delay: Any) -> Callable[[Call], Any]:
    status = status_pb2.Status(code=grpc.StatusCode.RESOURCE_EXHAUSTED.value[0], message="refused")
    reason = error_details_pb2.ErrorInfo(reason="STORE_FULL", domain="session.v1")
    for detail in (reason, error_details_pb2.RetryInfo(retry_delay=retry_delay)):
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)

    def refuse(_: Call) -> Any:
        raise Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, details=status.SerializeToString())

    return refuse


class Numbers(ClientTest):
    def opened(self, sessions: Iterable[Any]) -> Iterator[Any]:
        """Open each of these sessions, and return the code of the error or the facts."""
        with FakeSidecar() as fake, self.patient(fake) as client:
            for session in sessions:
                fake.answer = answering("GetSession", api.GetSessionResponse(session=session))
                found = outcome(lambda: client.open("token"))
                yield found if isinstance(found, str) else {name: outcome(lambda: getattr(found, name)) for name in FACTS}  # noqa: B023

    def test_of_a_version_are_read_exactly(self) -> None:
        facts = self.opened(messages.Session(version=version) for version in INT64)
        self.assertEqual([each["version"] for each in facts], list(INT64))

    def test_that_are_missing_are_absent_facts(self) -> None:
        (facts,) = self.opened([messages.Session()])
        absent = [facts[name] for name in ("handle", "created", "expires", "idle_timeout", "subject")]
        self.assertEqual((absent, facts["version"], facts["flash_queues"]), ([None] * 5, 0, ()))

    def test_of_a_time_are_read_or_rejected(self) -> None:
        for field in ("created", "expires"):
            given = list(times(Timestamp))
            for time, facts in zip(given, self.opened(messages.Session(**{field: each}) for each in given), strict=True):
                expected = EPOCH + span_of(time) if is_timestamp(time) else "INTERNAL"
                self.assertEqual(facts if isinstance(facts, str) else facts[field], expected, time)

    def test_of_an_idle_timeout_are_read_or_rejected(self) -> None:
        given = list(times(Duration))
        for time, facts in zip(given, self.opened(messages.Session(idle_timeout=each) for each in given), strict=True):
            expected = span_of(time) if is_timeout(time) else "INTERNAL"
            self.assertEqual(facts if isinstance(facts, str) else facts["idle_timeout"], expected, time)

    def test_of_an_update_are_read_or_rejected(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            for version, time in [*((each, None) for each in INT64), *((7, each) for each in times(Timestamp))]:
                session = client.open("token")
                session["key"] = 1
                reply = api.UpdateSessionResponse(version=version, expires=time, results=[{"applied": True}])
                fake.answer = answering("UpdateSession", reply)
                is_valid = time is None or is_timestamp(time)
                self.assertEqual(outcome(session.save), None if is_valid else "INTERNAL", time)
                self.assertEqual(session.version, version if is_valid else 1)
                if is_valid:
                    self.assertEqual(session.expires, None if time is None else EPOCH + span_of(time))

    def test_of_a_queue_are_not_trusted(self) -> None:
        for count in (*INT32, -1, 0):
            session = messages.Session(handle=HANDLE, version=1, flash_queues=[{"name": "", "message_count": count}])
            replies = {
                **WHOLE,
                "GetSession": api.GetSessionResponse(session=session, etag=b"1"),
                "UpdateSession": api.UpdateSessionResponse(version=2, results=[{"applied": True}], etag=b"2"),
            }

            def answer(call: Call, replies: dict[str, Any] = replies) -> Any:
                return replies[call.method]

            with FakeSidecar(answer) as fake, self.patient(fake, cache_bytes=1_000_000) as client:
                for _ in range(2):
                    found = client.open(TOKEN)
                    found.flash("one more")
                    found.save()
                    self.assertEqual(found.pop_flash(), [])

    def test_of_a_value_are_exact_or_unreadable(self) -> None:
        values = {str(number): number for number in INT64} | {"1e400": math.inf, "5e-324": 5e-324, "9" * 4300: int("9" * 4300)}
        texts = {**{name: name.encode() for name in values}, "long": b"9" * 4301, "deep": b"[" * 100_000}
        # A key has up to 256 bytes.
        data = {name[:20] + str(len(name)): text for name, text in texts.items()}
        with FakeSidecar(answering("GetSession", api.GetSessionResponse(session=messages.Session(data=data)))) as fake:
            with self.patient(fake) as client:
                session = client.open("token")
                found = [outcome(lambda key=key: session[key]) for key in data]  # type: ignore[misc]
        self.assertEqual(found, [*values.values(), "VALUE_UNREADABLE", "VALUE_UNREADABLE"])

    def test_of_a_retry_are_a_time_that_has_not_passed(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            for time in times(Duration):
                fake.answer = refusing(time)
                with self.assertRaises(SessionError) as raised:
                    client.open("token")
                self.assertEqual(raised.exception.code, "STORE_FULL")
                self.assertTrue(0 <= (raised.exception.retry_after or 0) < math.inf, time)

    def test_of_results_must_be_those_of_the_mutations(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            for count in (0, 2, 1000):
                session = client.open("token")
                session["key"] = 1
                fake.answer = answering("UpdateSession", api.UpdateSessionResponse(results=[{"applied": True}] * count))
                self.assertEqual(code_of(session.save), "INTERNAL")
                self.assertTrue(session.has_changes)


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Numbers)
