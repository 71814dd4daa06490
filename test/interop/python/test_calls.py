"""Calls on a Pipeline stream, blocking and awaiting."""

from __future__ import annotations

import logging
import socket
import threading
import time
import unittest
from typing import Any
from unittest import mock

from fake_sidecar import WHOLE, FakeSidecar, Refusal, Stream, answering
from session_sidecar import SessionError
from session_sidecar.transport.pipeline.connection import Connection
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from support import UNAVAILABLE, ClientTest, code_of, in_background, in_every_mode, never, until


class Calls(ClientTest):
    def test_end_at_their_deadline_at_the_sidecar_too_and_late_replies_are_dropped(self) -> None:
        with FakeSidecar(on_call=never) as fake, self.connect(fake.address, timeout=0.5) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "DEADLINE_EXCEEDED")
            stream = fake.streams[0]
            late = stream.calls[0]
            self.assertLessEqual(late.timeout_ms, 500)
            until("the cancellation", lambda: stream.cancelled == [late.id])
            second = in_background(lambda: client.open("token"))
            until("the next call", lambda: len(stream.calls) == 2)
            fake.reply_to(stream, late)
            fake.reply_to(stream, stream.calls[1])
            self.assertEqual(second.result(), "")

    def test_that_are_never_sent_fail_as_unavailable(self) -> None:
        def refuse(_: Stream) -> None:
            raise Refusal(UNAVAILABLE, "DRAINING")

        with FakeSidecar(on_stream=refuse) as fake, self.connect(fake.address, timeout=0.5) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "UNAVAILABLE")

    def test_to_a_host_that_cannot_be_found_say_so(self) -> None:
        for host, error in (("nohost.invalid", socket.gaierror(socket.EAI_NONAME, "not known")), ("a..b", None)):
            with self.subTest(host=host), mock.patch.object(socket, "getaddrinfo", wraps=socket.getaddrinfo) as look_up:
                if error is not None:
                    look_up.side_effect = error
                with self.connect(f"{host}:1", timeout=0.5) as client, self.assertRaises(SessionError) as raised:
                    client.open("token")
                self.assertEqual(raised.exception.code, "UNAVAILABLE")
                self.assertRegex(str(raised.exception), "not known" if error else "label")

    def test_of_a_closed_client_are_cancelled_and_nothing_is_left_of_it(self) -> None:
        with FakeSidecar(on_call=never) as fake:
            client = self.patient(fake)
            running = in_background(lambda: client.open("token"))
            stream = until("the call", lambda: fake.streams and fake.streams[0].calls and fake.streams[0])
            client.close()
            self.assertEqual(running.result(), "CANCELLED")
            self.assertTrue(stream.half_closed.wait(30))
            names = [thread.name for thread in threading.enumerate()]
            self.assertNotIn("session-sidecar", names)

    def test_that_wait_for_a_sidecar_are_cancelled_by_close(self) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            client = self.connect(f"127.0.0.1:{reserved.getsockname()[1]}", timeout=30)
            waiting = in_background(lambda: client.open("token"))
            time.sleep(0)
            client.close()
            self.assertEqual(waiting.result(), "CANCELLED")

    def test_whose_request_is_too_large_are_refused_and_harm_no_other(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            session = client.open("token")
            session["key"] = "x" * (5 * 1024 * 1024)
            self.assertEqual(code_of(session.save), "SESSION_TOO_LARGE")
            session["key"] = "x" * (3 * 1024 * 1024)
            session.save()
            client.open("token")
            self.assertEqual(len(fake.streams), 1)

    def test_with_large_replies_are_answered(self) -> None:
        session = WHOLE["GetSession"].session.__class__(data={"key": b'"' + b"x" * (6 * 1024 * 1024) + b'"'})
        reply = WHOLE["GetSession"].__class__(session=session)
        with FakeSidecar(answering("GetSession", reply)) as fake, self.patient(fake) as client:
            for _ in range(2):
                self.assertEqual(len(client.open("token")["key"]), 6 * 1024 * 1024)

    def test_without_an_outcome_fail(self) -> None:
        def receive(stream: Stream, call: Any) -> None:
            stream.reply(frames.PipelineReply(id=call.id))

        with FakeSidecar(on_call=receive) as fake, self.patient(fake) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "INTERNAL")

    def test_are_at_most_256_in_flight_and_others_wait_for_a_place(self) -> None:
        with FakeSidecar(on_call=never) as fake, self.patient(fake) as client:
            running = [in_background(lambda: client.open("token")) for _ in range(300)]
            stream = until("a stream", lambda: fake.streams and fake.streams[0])
            until("256 calls", lambda: len(stream.calls) >= 256)
            for number in range(300):
                until(f"call {number}", lambda number=number: len(stream.calls) > number)  # type: ignore[misc]
                self.assertLessEqual(len(stream.calls), 256 + number)
                fake.reply_to(stream, stream.calls[number])
            self.assertEqual([each.result() for each in running], [""] * 300)
            self.assertEqual(len(fake.streams), 1)


class Faults(ClientTest):
    def test_of_the_client_itself_fail_the_calls_and_the_next_ones_work(self) -> None:
        received = Connection.received
        faults = [RuntimeError("a fault of the client")]

        def receive(connection: Connection, data: bytes) -> None:
            received(connection, data)
            if connection.calls and faults:
                raise faults.pop()

        reports: list[Any] = []
        with (
            mock.patch.object(Connection, "received", receive),
            mock.patch.object(threading, "excepthook", reports.append),
            mock.patch.object(logging.getLogger("asyncio"), "error", lambda *_, **__: reports.append(None)),
            FakeSidecar() as fake,
            self.patient(fake) as client,
        ):
            client.open("token")  # It is retried, because it is idempotent.
            client.open("token")
            self.assertEqual((len(reports), faults, len(fake.streams)), (1, [], 2))


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Calls, Faults, modes=("pipeline", "asyncio pipeline"))
