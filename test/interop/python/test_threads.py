"""Threads and processes that share a client."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from fake_sidecar import FakeSidecar
from session_sidecar import SessionClient, SessionError
from session_sidecar.transport.address import parse_address
from session_sidecar.transport.pipeline.calls import Call
from session_sidecar.transport.pipeline.connection import Connection
from session_sidecar.transport.pipeline.threads import ThreadedPipeline
from session_sidecar.transport.transport import Transport
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import until


class Threads(unittest.TestCase):
    def test_a_forked_process_opens_a_stream_of_its_own_and_harms_none_of_its_parent(self) -> None:
        with FakeSidecar() as fake:
            # In a process of its own: gRPC, which the fake sidecar uses, does not survive a fork while its threads run.
            program = Path(__file__).parent / "servers" / "forked.py"
            subprocess.run([sys.executable, program, fake.address], check=True, timeout=60)
            self.assertEqual(sorted(len(stream.calls) for stream in fake.streams), [1, 2])

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


class Frames(unittest.TestCase):
    def test_calls_that_are_made_while_a_thread_sends_leave_together(self) -> None:
        with FakeSidecar() as fake:
            address = parse_address(fake.address)
            pipeline = ThreadedPipeline(address, lambda: ())
            request = api.GetSessionRequest(token="token")

            def send() -> None:
                pipeline.send("GetSession", request, time.monotonic() + 30)

            send()
            threads = [threading.Thread(target=send) for _ in range(8)]
            with pipeline._lock:
                for thread in threads:
                    thread.start()
                while len(pipeline._inbox) < len(threads):
                    time.sleep(0.001)
            pipeline._send_new_calls()
            for thread in threads:
                thread.join()
            pipeline.close()
            self.assertEqual([len(frame.calls) for frame in fake.streams[0].frames], [1, 8])
            self.assertEqual(type(fake.streams[0].frames[0]), frames.PipelineRequest)


class ReadingThread(unittest.TestCase):
    def test_a_call_that_is_made_while_it_ends_has_an_outcome(self) -> None:
        with FakeSidecar() as fake:
            pipeline = ThreadedPipeline(parse_address(fake.address), lambda: ())
            request = api.GetSessionRequest(token="token")
            pipeline.send("GetSession", request, time.monotonic() + 30)
            late = Call("GetSession", request, time.monotonic() + 30, lambda: None)
            end_thread = pipeline._end_thread

            def end_beside_a_call() -> None:
                end_thread()
                # Another thread does this if it finds the lock taken.
                pipeline._inbox.append(late)

            with mock.patch.object(pipeline, "_end_thread", end_beside_a_call):
                pipeline.close()
            self.assertTrue(late.has_ended)
            self.assertRaises(SessionError, late.response)

    def test_is_started_by_the_next_call_if_it_could_not_be_started(self) -> None:
        start = threading.Thread.start
        failures = [RuntimeError("can't start new thread")]

        def start_later(thread: threading.Thread) -> None:
            if thread.name == "session-sidecar" and failures:
                raise failures.pop()
            start(thread)

        with FakeSidecar() as fake, SessionClient(fake.address, timeout=30) as client:
            with mock.patch.object(threading.Thread, "start", start_later):
                self.assertRaises(RuntimeError, client.open, "token")
                client.open("token")
            self.assertEqual(len(fake.streams[0].calls), 1)


class Forking(unittest.TestCase):
    def test_lets_several_threads_make_the_first_call_at_once(self) -> None:
        class Shared(dict[int, Any]):
            """Another thread takes each entry just before."""

            def pop(self, key: int, *default: Any) -> Any:
                super().pop(key, None)
                return super().pop(key, *default)

        transport = Transport("localhost:1", transport="pipeline")
        transport._by_process = Shared({os.getpid() + 1: mock.Mock()})
        self.assertIs(transport._current(), transport._by_process[os.getpid()])
        self.assertEqual(len(transport._by_process), 1)


class Closing(unittest.TestCase):
    def test_beside_a_call_leaves_nothing_open(self) -> None:
        for kind in ("pipeline", "unary"):
            transport = Transport("localhost:1", transport=kind)
            current = transport._current

            def close_before(transport: Transport = transport, current: Any = current) -> Any:
                transport.close()
                return current()

            def close_after(transport: Transport = transport, current: Any = current) -> Any:
                opened = current()
                transport.close()
                return opened

            for closing in (close_before, close_after):
                with self.subTest(kind=kind, closing=closing.__name__):
                    transport._is_closed = False
                    with mock.patch.object(transport, "_current", closing), self.assertRaises(SessionError) as raised:
                        transport("GetSession", api.GetSessionRequest(token="token"))
                    self.assertEqual(raised.exception.code, "CANCELLED")
                    self.assertEqual(transport._by_process, {})
