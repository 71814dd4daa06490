"""Tests the parts of the Python client's transport that need no sidecar."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
import types
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

import grpc
from fake_sidecar import FakeSidecar
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived
from session_sidecar import AsyncSessionClient, SessionClient, SessionError
from session_sidecar.transport.address import TcpAddress, UnixAddress, parse_address
from session_sidecar.transport.api_token import metadata_of
from session_sidecar.transport.backoff import Backoff
from session_sidecar.transport.pipeline import trace_context
from session_sidecar.transport.pipeline.calls import Call
from session_sidecar.transport.pipeline.connection import Connection
from session_sidecar.transport.pipeline.http2 import Http2Stream, StreamStatus
from session_sidecar.transport.pipeline.pipeline import Pipeline
from session_sidecar.transport.pipeline.threads import ThreadedPipeline
from session_sidecar.transport.transport import Transport
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_service_pb2 as api


class Options(unittest.TestCase):
    def test_addresses(self) -> None:
        cases = {
            "localhost:50051": TcpAddress("localhost", 50051),
            "[::1]:1": TcpAddress("::1", 1),
            "unix:/run/a.sock": UnixAddress("/run/a.sock"),
            "unix:///run/a.sock": UnixAddress("/run/a.sock"),
            "unix:a.sock": UnixAddress("a.sock"),
        }
        for text, address in cases.items():
            self.assertEqual(parse_address(text), address)
        self.assertEqual(TcpAddress("::1", 1).authority, "[::1]:1")

    def test_that_are_not_valid_are_refused(self) -> None:
        addresses = ["", "localhost", "localhost:", "localhost:65536", "dns:///a:1", "http://a:1", "::1:1", "unix:", "a:1\n"]
        for client in (SessionClient, AsyncSessionClient):
            for address in addresses:
                self.assertRaises(ValueError, client, address)
            for timeout in (0, -1, float("inf"), float("nan")):
                self.assertRaises(ValueError, client, "localhost:1", timeout=timeout)
            self.assertRaises(ValueError, client, "localhost:1", transport="udp")


class ApiTokenFiles(unittest.TestCase):
    def test_are_read_by_a_process_that_was_forked_while_a_thread_read_one(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            path, fifo = Path(directory) / "token", Path(directory) / "fifo"
            os.mkfifo(fifo)
            os.link(fifo, path)
            metadata = metadata_of(None, path)
            reader = threading.Thread(target=metadata)
            reader.start()
            with fifo.open("w") as writer:  # Which waits until the thread reads.
                path.unlink()
                path.write_text("token")
                pid = os.fork()
                if pid == 0:
                    signal.alarm(10)
                    os._exit(0 if metadata() == (("authorization", "Bearer token"),) else 1)
                _, status = os.waitpid(pid, 0)
                writer.write("token")
            reader.join()
            self.assertEqual(os.waitstatus_to_exitcode(status), 0)


class Closing(unittest.TestCase):
    def test_beside_a_call_leaves_nothing_open(self) -> None:
        for kind in ("pipeline", "unary"):
            transport = Transport("localhost:1", 3, lambda: (), kind)
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


class Pauses(unittest.TestCase):
    def test_grow_to_their_limit_are_random_and_start_again_after_a_success(self) -> None:
        backoff = Backoff(first=0.02, longest=0.1, longest_requested=1.0)
        with mock.patch.object(random, "random", return_value=0.5):
            self.assertEqual([backoff.next(None) for _ in range(5)], [0.01, 0.02, 0.04, 0.05, 0.05])
            self.assertEqual([backoff.next(0.3), backoff.next(60)], [0.3, 1.0])
            backoff.reset()
            self.assertEqual(backoff.next(None), 0.01)


class TraceContext(unittest.TestCase):
    def test_is_sent_if_the_application_uses_opentelemetry(self) -> None:
        def inject(carrier: dict[str, str]) -> None:
            carrier["traceparent"] = "00-trace"

        with mock.patch.object(trace_context, "inject", inject), FakeSidecar() as fake:
            with SessionClient(fake.address, timeout=30) as client:
                client.open("token")
            self.assertEqual(dict(fake.streams[0].calls[0].metadata), {"traceparent": "00-trace"})

    def test_comes_from_its_api(self) -> None:
        propagate: Any = types.ModuleType("opentelemetry.propagate")
        propagate.inject = lambda carrier: carrier.update(traceparent="00-trace")
        name = trace_context.__name__
        modules = {"opentelemetry": types.ModuleType("opentelemetry"), "opentelemetry.propagate": propagate}
        with mock.patch.dict(sys.modules, modules):
            del sys.modules[name]
            with_api: Any = __import__(name, fromlist=["trace_context"])
            self.assertEqual(with_api.trace_context(), {"traceparent": "00-trace"})


class Server:
    """The other side of an Http2Stream."""

    def __init__(self, stream: Http2Stream) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.h2.initiate_connection()
        self.received = bytearray()
        self.headers: dict[Any, Any] = {}
        self._stream = stream

    def read(self) -> None:
        for event in self.h2.receive_data(self._stream.output()):
            if isinstance(event, RequestReceived):
                self.headers = dict(event.headers)
            if isinstance(event, DataReceived):
                self.received += event.data

    def accept(self) -> None:
        self.read()
        self.h2.send_headers(1, [(":status", "200"), ("content-type", "application/grpc")])

    def message(self, text: bytes) -> None:
        self.h2.send_data(1, b"\0" + len(text).to_bytes(4, "big") + text)


class Streams(unittest.TestCase):
    def setUp(self) -> None:
        self.listener = mock.Mock(spec=["on_open", "on_message", "on_goaway", "on_end"])
        self.stream = Http2Stream("localhost", (("authorization", "Bearer x"),), self.listener)
        self.server = Server(self.stream)

    def ended(self) -> StreamStatus:
        self.listener.on_end.assert_called_once()
        status = self.listener.on_end.call_args.args[0]
        assert isinstance(status, StreamStatus)
        return status

    def test_are_gRPC_requests(self) -> None:
        self.server.accept()
        expected = {":method": "POST", ":path": "/session.v1.SessionService/Pipeline", "te": "trailers"}
        expected |= {"content-type": "application/grpc", "authorization": "Bearer x", ":authority": "localhost"}
        self.assertEqual(self.server.headers | expected, self.server.headers)
        self.listener.on_open.assert_not_called()
        self.stream.receive(self.server.h2.data_to_send())
        self.listener.on_open.assert_called_once()

    def test_go_on_after_a_graceful_goaway_however_the_bytes_arrive(self) -> None:
        self.server.accept()
        self.server.message(b"before")
        head = self.server.h2.data_to_send()
        self.server.message(b"after")
        self.server.h2.send_headers(1, [("grpc-status", "14"), ("grpc-message", "the%20end")], end_stream=True)
        tail = self.server.h2.data_to_send()
        goaway = b"\0\0\x08\x07\0\0\0\0\0" + (1).to_bytes(4, "big") + bytes(4)
        for size in (1, 7, 10_000):
            self.setUp()
            data = head + goaway + tail
            for start in range(0, len(data), size):
                self.stream.receive(data[start : start + size])
            self.assertEqual([call.args[0] for call in self.listener.on_message.call_args_list], [b"before", b"after"])
            self.listener.on_goaway.assert_called_once()
            self.assertEqual((self.ended().code, self.ended().message), (grpc.StatusCode.UNAVAILABLE, "the end"))

    def test_end_with_a_goaway_that_leaves_them_out_or_is_an_error(self) -> None:
        for last, error in ((0, 0), (1, 2)):
            self.setUp()
            self.server.accept()
            goaway = b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4, "big") + error.to_bytes(4, "big")
            self.stream.receive(self.server.h2.data_to_send() + goaway)
            self.assertEqual(self.ended().code, grpc.StatusCode.UNAVAILABLE)
            self.listener.on_goaway.assert_not_called()

    def test_end_where_no_gRPC_server_answers(self) -> None:
        self.stream.receive(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.assertEqual(self.ended().code, grpc.StatusCode.UNAVAILABLE)
        for status, code in (("404", "UNIMPLEMENTED"), ("403", "PERMISSION_DENIED"), ("503", "UNAVAILABLE"), ("200", "UNKNOWN")):
            self.setUp()
            self.server.read()
            self.server.h2.send_headers(1, [(":status", status)], end_stream=True)
            self.stream.receive(self.server.h2.data_to_send())
            self.assertEqual(self.ended().code.name, code)

    def test_send_no_more_than_the_sidecar_has_room_for(self) -> None:
        self.server.accept()
        self.stream.receive(self.server.h2.data_to_send())
        self.stream.send(b"x" * 200_000)
        self.server.read()
        self.assertEqual(len(self.server.received), 65535)
        self.assertFalse(self.stream.has_room)
        self.server.h2.acknowledge_received_data(65535, 1)
        # Room on the connection is none on the stream.
        self.server.h2.increment_flow_control_window(200_000)
        self.stream.receive(self.server.h2.data_to_send())
        self.server.read()
        self.assertEqual(len(self.server.received), 2 * 65535)
        self.server.h2.increment_flow_control_window(200_000, 1)
        self.stream.receive(self.server.h2.data_to_send())
        self.server.read()
        self.assertEqual(len(self.server.received), 200_005)
        self.assertTrue(self.stream.has_room)

    def test_give_the_sidecar_room_for_more_than_a_window_however_frames_are_padded(self) -> None:
        self.server.accept()
        self.stream.receive(self.server.h2.data_to_send())
        self.server.read()
        message = b"x" * 16_000
        for number in range(1000):
            padding = 100 if number % 10 == 0 else None
            # The server would refuse to send what there is no room for.
            self.server.h2.send_data(1, b"\0" + len(message).to_bytes(4, "big") + message, pad_length=padding)
            self.stream.receive(self.server.h2.data_to_send())
            self.server.read()
        self.assertEqual(self.listener.on_message.call_args_list, [mock.call(message)] * 1000)

    def test_leave_room_for_what_the_sidecar_takes_in_the_end(self) -> None:
        self.server.accept()
        self.stream.receive(self.server.h2.data_to_send())
        for _ in range(100):
            self.stream.send(b"x" * 16_000)
            self.server.read()
            self.server.h2.acknowledge_received_data(16_005, 1)
            self.stream.receive(self.server.h2.data_to_send())
        self.assertEqual(len(self.server.received), 100 * 16_005)
        self.stream.end()
        self.server.read()
        self.listener.on_end.assert_not_called()


class Liveness(unittest.TestCase):
    def test_a_silent_connection_is_pinged_and_then_replaced(self) -> None:
        opened: list[Connection] = []
        pipeline = Pipeline("localhost", lambda: (), opened.append)
        clock = [1000.0]
        with mock.patch.object(time, "monotonic", lambda: clock[0]):
            call = Call("GetSession", api.GetSessionRequest(), clock[0] + 60, lambda: None)
            pipeline.add(call)
            pipeline.flush()
            wire = mock.Mock()
            opened[0].connected(wire)
            opened[0].on_open()
            pipeline.flush()
            self.assertTrue(call.was_sent)
            for seconds, ends in ((0.31, False), (0.49, False), (0.02, False), (0.1, True)):
                clock[0] += seconds
                pipeline.tick()
                self.assertEqual(call.has_ended, ends)
                self.assertEqual(wire.write.call_args.args[0][3], 6)  # The type of HTTP/2's PING.
            wire.close.assert_called_once()

    def test_a_sign_of_life_keeps_it(self) -> None:
        opened: list[Connection] = []
        pipeline = Pipeline("localhost", lambda: (), opened.append)
        clock = [1000.0]
        with mock.patch.object(time, "monotonic", lambda: clock[0]):
            call = Call("GetSession", api.GetSessionRequest(), clock[0] + 60, lambda: None)
            pipeline.add(call)
            pipeline.flush()
            opened[0].connected(mock.Mock())
            opened[0].on_open()
            pipeline.flush()
            for _ in range(20):
                clock[0] += 0.4
                pipeline.tick()
                opened[0].received(b"")
            self.assertFalse(call.has_ended)

    def test_a_pause_of_this_process_is_not_taken_for_silence(self) -> None:
        opened: list[Connection] = []
        pipeline = Pipeline("localhost", lambda: (), opened.append)
        clock = [1000.0]
        with mock.patch.object(time, "monotonic", lambda: clock[0]):
            call = Call("GetSession", api.GetSessionRequest(), clock[0] + 60, lambda: None)
            pipeline.add(call)
            pipeline.flush()
            opened[0].connected(mock.Mock())
            opened[0].on_open()
            pipeline.flush()
            for seconds in (0.31, 20.0):
                clock[0] += seconds
                pipeline.tick()
            # Only now is read what has arrived meanwhile.
            opened[0].received(b"")
            clock[0] += 0.1
            pipeline.tick()
            self.assertFalse(call.has_ended)

    def test_a_connection_that_is_never_opened_is_replaced(self) -> None:
        opened: list[Connection] = []
        pipeline = Pipeline("localhost", lambda: (), opened.append)
        clock = [1000.0]
        with mock.patch.object(time, "monotonic", lambda: clock[0]):
            pipeline.add(Call("GetSession", api.GetSessionRequest(), clock[0] + 60, lambda: None))
            pipeline.flush()
            opened[0].connected(mock.Mock())
            for _ in range(20):
                clock[0] += 0.1
                pipeline.tick()
            self.assertGreater(len(opened), 1)


class Ids(unittest.TestCase):
    def test_of_calls_in_flight_are_never_given_again(self) -> None:
        connection = Connection("localhost", (), mock.Mock())
        call = Call("GetSession", api.GetSessionRequest(), time.monotonic() + 60, lambda: None)
        connection.calls = {1: call, 2: call}
        connection._last_id = 2**32 - 2
        other = [Call("GetSession", api.GetSessionRequest(), time.monotonic() + 60, lambda: None) for _ in range(2)]
        connection.send(other, time.monotonic())
        self.assertEqual([each.id for each in other], [2**32 - 1, 3])


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
                # As a thread does that finds the lock taken.
                pipeline._inbox.append(late)

            with mock.patch.object(pipeline, "_end_thread", end_beside_a_call):
                pipeline.close()
            self.assertTrue(late.has_ended)
            self.assertRaises(SessionError, late.response)


if __name__ == "__main__":
    unittest.main()
