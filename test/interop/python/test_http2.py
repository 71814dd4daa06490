"""One HTTP/2 connection, as bytes."""

from __future__ import annotations

import unittest
from typing import Any
from unittest import mock

import grpc
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import DataReceived, RequestReceived
from session_sidecar.transport.pipeline.http2 import Http2Stream, StreamStatus


class Server:
    """The server's side of an Http2Stream."""

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

    def test_end_where_something_else_than_a_gRPC_server_answers(self) -> None:
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
        # The window of the stream is still used up.
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
            # The server raises an error if a frame exceeds the window.
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
