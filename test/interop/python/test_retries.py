"""Which calls the client retries, and when calls end."""

from __future__ import annotations

import socket
import threading
import unittest
from typing import Any

import grpc
from fake_sidecar import WHOLE, Call, FakeSidecar, Refusal, draining, failing, store_unavailable
from session_sidecar import SessionError
from support import UNAVAILABLE, ClientTest, code_of, in_every_mode


class Retries(ClientTest):
    MANY = 6

    def test_are_made_only_where_that_is_safe(self) -> None:
        many, again = self.MANY, self.MANY + 1
        # How many calls save() and invalidate() must make, if the first calls fail.
        cases: list[tuple[Refusal, int, int]] = [
            (draining(), again, again),
            (Refusal(UNAVAILABLE, "OVERLOADED"), again, again),
            (store_unavailable("false"), again, again),
            (store_unavailable("true"), 1, again),
            (Refusal(UNAVAILABLE), 1, again),
            (draining(3600, pushback="1"), again, again),
            (draining(pushback="-1"), 1, 1),
            (draining(pushback="soon"), 1, 1),
            (draining(3600), 1, 1),
            (Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL"), 1, 1),
            (Refusal(grpc.StatusCode.INTERNAL, "INTERNAL"), 1, 1),
            (Refusal(grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND"), 1, 1),
        ]
        if "pipeline" in self.mode:
            # Pushback is a trailer, and replies on a stream have none.
            cases = [case for case in cases if not case[0].pushback]
        for refusal, saves, invalidations in cases:
            for method, calls in (("UpdateSession", saves), ("InvalidateSession", invalidations)):
                with self.subTest(refusal=refusal, method=method), FakeSidecar(failing(method, many, refusal)) as fake:
                    with self.patient(fake) as client:
                        session = client.open("token")
                        session["key"] = 1
                        action = session.save if method == "UpdateSession" else session.invalidate
                        code = code_of(action)
                    self.assertEqual(fake.count(method), calls)
                    self.assertEqual(code, "" if calls > 1 else refusal.reason or "UNAVAILABLE")

    def test_say_maybe_applied_when_an_earlier_attempt_may_have_been(self) -> None:
        def answer(call: Call) -> Any:
            if call.method != "InvalidateSession":
                return WHOLE[call.method]
            raise store_unavailable("true") if fake.count("InvalidateSession") == 1 else draining(3600)

        with FakeSidecar(answer) as fake, self.patient(fake) as client:
            session = client.open("token")
            with self.assertRaises(SessionError) as raised:
                session.invalidate()
            self.assertEqual(raised.exception.code, "STORE_UNAVAILABLE")
            self.assertEqual(raised.exception.metadata, {"maybe_applied": "true"})
            self.assertEqual(fake.count("InvalidateSession"), 2)

    def test_wait_for_a_sidecar_that_is_not_running_yet(self) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{reserved.getsockname()[1]}"
        with self.connect(address, timeout=30) as client, self.connect(address) as hasty:
            session = client.create()
            session["key"] = 1
            saving = threading.Thread(target=session.save)
            saving.start()
            # This call has the default timeout. When it fails, the other call has met a refused connection.
            with self.assertRaises(SessionError) as raised:
                hasty.open("token")
            self.assertEqual(raised.exception.code, "UNAVAILABLE")
            self.assertIn("refused", str(raised.exception))
            with FakeSidecar(address=address):
                saving.join()
            self.assertEqual(session.token, "token")


class Deadlines(ClientTest):
    def test_are_sent_with_each_call(self) -> None:
        with FakeSidecar() as fake, self.connect(fake.address) as client:
            client.open("token")
            self.assertGreater(fake.calls[0].left, 0)
            self.assertLess(fake.calls[0].left, 3.5)  # gRPC rounds it up.

    def test_end_calls_that_are_not_answered(self) -> None:
        release = threading.Event()
        with FakeSidecar(lambda _: b"" if release.wait() else b"") as fake, self.connect(fake.address, timeout=0.5) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "DEADLINE_EXCEEDED")
            release.set()

    def test_a_closed_client_says_so(self) -> None:
        with FakeSidecar() as fake:
            client = self.patient(fake)
            client.close()
            self.assertEqual(code_of(lambda: client.open("token")), "CANCELLED")


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Retries, Deadlines)
