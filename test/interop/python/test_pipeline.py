"""Tests how the Python client uses Pipeline, blocking and awaiting, against a sidecar that does what a test wants."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import socket
import tempfile
import threading
import time
import unittest
import warnings
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import grpc
from fake_sidecar import WHOLE, FakeSidecar, Refusal, Stream, draining
from session_sidecar import AsyncSessionClient, SessionClient, SessionError
from session_sidecar.transport.pipeline.connection import Connection
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from test_client import ClientTest, answering, code_of, in_every_mode

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


def until(what: str, condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Waits for a condition, and returns what it gives."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for {what}")
        time.sleep(0.005)
    return result


def in_background(action: Callable[[], Any]) -> Future[Any]:
    """Its result is the code of the failure, or an empty string."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(code_of, action)
    executor.shutdown(wait=False)
    return future


def never(_stream: Stream, _call: Any) -> None:
    """Answers no call."""


class Streams(ClientTest):
    def test_all_calls_share_one(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client, ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: client.open("token"), range(50)))
            self.assertEqual((len(fake.streams), fake.unary_calls), (1, 0))
            self.assertEqual(len({call.id for call in fake.streams[0].calls}), 50)

    def test_unary_calls_take_its_place_where_it_is_not_supported_or_not_let_through(self) -> None:
        for status in (grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.PERMISSION_DENIED):

            def refuse(_: Stream, status: grpc.StatusCode = status) -> None:
                raise Refusal(status)

            with self.subTest(status=status), FakeSidecar(on_stream=refuse) as fake, self.patient(fake) as client:
                opened = [in_background(lambda client=client: client.open("token")) for _ in range(3)]  # type: ignore[misc]
                self.assertEqual([each.result() for each in opened], [""] * 3)
                client.open("token")
                self.assertEqual((len(fake.streams), fake.unary_calls), (1, 4))

    def test_calls_wait_until_one_is_accepted_and_are_sent_once(self) -> None:
        def refuse(_: Stream) -> None:
            if len(fake.streams) < 4:
                raise draining()

        with FakeSidecar(on_stream=refuse) as fake, self.patient(fake) as client:
            session = client.create()
            session["key"] = 1
            session.save()
            self.assertEqual(len(fake.streams), 4)
            self.assertEqual(fake.count("CreateSession"), 1)

    def test_a_refused_api_token_fails_the_calls_at_once_and_the_next_call_asks_again(self) -> None:
        def refuse(_: Stream) -> None:
            if len(fake.streams) < 2:
                raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "API_TOKEN_INVALID", {"fact": "x"})

        with FakeSidecar(on_stream=refuse) as fake, self.patient(fake) as client:
            with self.assertRaises(SessionError) as raised:
                client.open("token")
            self.assertEqual((raised.exception.code, raised.exception.metadata), ("API_TOKEN_INVALID", {"fact": "x"}))
            client.open("token")
            self.assertEqual(fake.unary_calls, 0)

    def test_that_break_fail_what_must_not_be_sent_twice_and_repeat_the_rest(self) -> None:
        endings = [Refusal(UNAVAILABLE), draining(), Refusal(grpc.StatusCode.INTERNAL), None]
        endings += [Refusal(grpc.StatusCode.UNIMPLEMENTED), Refusal(grpc.StatusCode.UNAUTHENTICATED)]
        for ending in endings:
            for method, code in (("UpdateSession", "UNAVAILABLE"), ("InvalidateSession", "")):

                def receive(stream: Stream, call: Any, ending: Refusal | None = ending, method: str = method) -> None:
                    if call.method == method and len(fake.streams) == 1:
                        stream.end(ending)
                    else:
                        fake.reply_to(stream, call)

                with self.subTest(ending=ending, method=method), FakeSidecar(on_call=receive) as fake:
                    with self.patient(fake) as client:
                        session = client.open("token")
                        session["key"] = 1
                        action = session.save if method == "UpdateSession" else session.invalidate
                        self.assertEqual(code_of(action), code)
                        client.open("token")
                    calls = [call.method for stream in fake.streams for call in stream.calls]
                    self.assertEqual(calls.count(method), 1 if code else 2)
                    self.assertEqual((len(fake.streams), fake.unary_calls), (2, 0))

    def drain(self, fake: FakeSidecar, client: Any) -> tuple[Stream, Future[Any], Stream, Future[Any]]:
        """Drains a stream with one call on it, and makes another call. Returns both streams and both calls."""
        first = in_background(lambda: client.open("token"))
        old = until("the first call", lambda: fake.streams and fake.streams[0].calls and fake.streams[0])
        # Its reply and the announcement are in one frame, so that the client has read it when the call returns.
        other = in_background(lambda: client.open("token"))
        call = until("another call", lambda: len(old.calls) == 2 and old.calls[1])
        old.reply(frames.PipelineReply(id=call.id, response=WHOLE["GetSession"].SerializeToString()), draining=True)
        self.assertEqual(other.result(), "")
        second = in_background(lambda: client.open("token"))
        new = until("the second call", lambda: len(fake.streams) > 1 and fake.streams[1].calls and fake.streams[1])
        return old, first, new, second

    def test_that_drain_take_no_new_call_and_finish_theirs(self) -> None:
        with FakeSidecar(on_call=never) as fake, self.patient(fake) as client:
            old, first, new, second = self.drain(fake, client)
            self.assertFalse(old.half_closed.is_set())
            fake.reply_to(old, old.calls[0])
            fake.reply_to(new, new.calls[0])
            self.assertEqual((first.result(), second.result()), ("", ""))
            self.assertTrue(old.half_closed.wait(30))
            self.assertEqual([len(stream.calls) for stream in fake.streams], [2, 1])

    def test_do_not_answer_calls_of_another(self) -> None:
        with FakeSidecar(on_call=never) as fake, self.patient(fake) as client:
            old, first, new, second = self.drain(fake, client)
            self.assertEqual(old.calls[0].id, new.calls[0].id)
            fake.reply_to(new, new.calls[0])
            self.assertEqual(second.result(), "")
            self.assertFalse(first.done())
            fake.reply_to(old, old.calls[0])
            self.assertEqual(first.result(), "")

    def test_the_api_token_of_a_file_that_changes_opens_another(self) -> None:
        with tempfile.TemporaryDirectory() as directory, FakeSidecar() as fake:
            path = Path(directory) / "token"
            path.write_text("first")
            with self.patient(fake, api_token_file=path) as client:
                client.open("token")
                path.with_suffix(".new").write_text("second")
                os.replace(path.with_suffix(".new"), path)
                client.open("token")
                self.assertTrue(fake.streams[0].half_closed.wait(30))
            tokens = [stream.metadata["authorization"] for stream in fake.streams]
            self.assertEqual(tokens, ["Bearer first", "Bearer second"])

    def test_on_a_unix_socket(self) -> None:
        with tempfile.TemporaryDirectory() as directory, FakeSidecar(address=f"unix:{directory}/sidecar.sock") as fake:
            with self.patient(fake) as client:
                client.open("token")
            self.assertEqual(len(fake.streams), 1)


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

    def test_that_are_never_sent_say_why(self) -> None:
        def refuse(_: Stream) -> None:
            raise Refusal(UNAVAILABLE, "DRAINING")

        with FakeSidecar(on_stream=refuse) as fake, self.connect(fake.address, timeout=0.5) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "UNAVAILABLE")

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
            client.open("token")  # Tried again, because it is idempotent.
            client.open("token")
            self.assertEqual((len(reports), faults, len(fake.streams)), (1, [], 2))


class Threads(unittest.TestCase):
    def test_a_forked_process_opens_a_stream_of_its_own_and_harms_none_of_its_parent(self) -> None:
        with FakeSidecar() as fake, SessionClient(fake.address, timeout=30) as client:
            client.open("token")
            # The fake sidecar is of gRPC, which must not be forked with this process's threads in it: the child does
            # nothing but what a web server's worker does with the client.
            pid = os.fork()
            if pid == 0:
                code = code_of(lambda: client.open("token"))
                client.close()
                os._exit(0 if code == "" else 1)
            _, status = os.waitpid(pid, 0)
            self.assertEqual(os.waitstatus_to_exitcode(status), 0)
            client.open("token")
            self.assertEqual([len(stream.calls) for stream in fake.streams], [2, 1])

    def test_a_client_may_be_collected_by_its_own_thread(self) -> None:
        received = Connection.received

        def receive(connection: Connection, data: bytes) -> None:
            received(connection, data)
            gc.collect()

        gc.disable()
        self.addCleanup(gc.enable)
        with FakeSidecar() as fake:
            client: Any = SessionClient(fake.address, timeout=30)
            client.open("token")
            client.itself = client
            del client
            with mock.patch.object(Connection, "received", receive):
                fake.streams[0].reply()
                until("the thread to end", lambda: "session-sidecar" not in [each.name for each in threading.enumerate()])

    def test_a_client_that_is_collected_leaves_no_thread(self) -> None:
        with FakeSidecar() as fake:
            SessionClient(fake.address, timeout=30).open("token")
            until("the thread to end", lambda: "session-sidecar" not in [each.name for each in threading.enumerate()])


class EventLoops(unittest.TestCase):
    def test_a_cancelled_task_cancels_its_call_at_the_sidecar(self) -> None:
        async def run(fake: FakeSidecar) -> None:
            async with AsyncSessionClient(fake.address, timeout=30) as client:
                task = asyncio.create_task(client.open("token"))
                while not (fake.streams and fake.streams[0].calls):
                    await asyncio.sleep(0.005)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                stream = fake.streams[0]
                while not stream.cancelled:
                    await asyncio.sleep(0.005)
                self.assertEqual(stream.cancelled, [stream.calls[0].id])

        with FakeSidecar(on_call=never) as fake:
            asyncio.run(run(fake))

    def test_a_task_that_is_cancelled_before_there_is_a_stream_sends_nothing(self) -> None:
        accepts = threading.Event()

        def refuse(_: Stream) -> None:
            if not accepts.is_set():
                raise draining()

        async def run(fake: FakeSidecar) -> None:
            async with AsyncSessionClient(fake.address, timeout=30) as client:
                waiting, given_up = (asyncio.create_task(client.open("token")) for _ in range(2))
                while not fake.streams:
                    await asyncio.sleep(0.005)
                given_up.cancel()
                accepts.set()
                await waiting
                self.assertTrue(given_up.cancelled())
            self.assertEqual(fake.count("GetSession"), 1)

        with FakeSidecar(on_stream=refuse) as fake:
            asyncio.run(run(fake))

    def test_calls_of_one_turn_share_frames(self) -> None:
        async def run(fake: FakeSidecar) -> None:
            async with AsyncSessionClient(fake.address, timeout=30) as client:
                await client.open("token")
                await asyncio.gather(*(client.open("token") for _ in range(64)))
                await client.open("token")
            self.assertEqual([len(frame.calls) for frame in fake.streams[0].frames], [1, 32, 32, 1])

        with FakeSidecar() as fake:
            asyncio.run(run(fake))

    def test_each_has_a_connection_and_one_that_is_gone_takes_none_with_it(self) -> None:
        with FakeSidecar() as fake:
            client = AsyncSessionClient(fake.address, timeout=30)

            async def use() -> None:
                await client.open("token")

            def run() -> None:
                asyncio.run(use())

            with ThreadPoolExecutor(4) as threads:
                for future in [threads.submit(run) for _ in range(8)]:
                    future.result()

            async def end() -> None:
                await client.open("token")
                await client.close()
                with self.assertRaises(SessionError):
                    await client.open("token")

            # Of the connections that were not closed.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                asyncio.run(end())
                gc.collect()
            self.assertEqual(len(fake.streams), 9)


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    suite = in_every_mode(Streams, Calls, Faults, modes=("pipeline", "asyncio pipeline"))
    for case in (Threads, EventLoops):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    return suite


if __name__ == "__main__":
    unittest.main()
