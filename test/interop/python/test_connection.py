"""Connections of a pipeline, without a network."""

from __future__ import annotations

import time
import unittest
from unittest import mock

from session_sidecar.ordered_messages import GetSessionResponse
from session_sidecar.transport.pipeline.calls import Call
from session_sidecar.transport.pipeline.connection import Connection, Wire
from session_sidecar.transport.pipeline.pipeline import Pipeline
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_service_pb2 as api

# The type of an HTTP/2 PING frame, the fourth byte of its header.
_PING = 6


class ConnectionTest(unittest.TestCase):
    """A pipeline without a network. The test sets its clock."""

    def setUp(self) -> None:
        self.now = 1000.0
        patch = mock.patch.object(time, "monotonic", lambda: self.now)
        patch.start()
        self.addCleanup(patch.stop)
        self.connections: list[Connection] = []
        self.pipeline = Pipeline("localhost", lambda: (), self.connections.append)

    def call(self) -> Call:
        """Make a call."""
        call = Call("GetSession", api.GetSessionRequest(), self.now + 60, lambda: None)
        self.pipeline.add(call)
        self.pipeline.flush()
        return call

    def open(self, wire: Wire | None = None) -> Connection:
        """Accept the stream of the last connection."""
        connection = self.connections[-1]
        connection.connected(wire or mock.Mock())
        connection.on_open()
        self.pipeline.flush()
        return connection

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.pipeline.tick()


class Liveness(ConnectionTest):
    def test_a_silent_connection_is_pinged_and_then_replaced(self) -> None:
        call = self.call()
        wire = mock.Mock()
        self.open(wire)
        self.assertTrue(call.was_sent)
        for seconds, ends in ((0.31, False), (0.49, False), (0.02, False), (0.1, True)):
            self.wait(seconds)
            self.assertEqual(call.has_ended, ends)
            self.assertEqual(wire.write.call_args.args[0][3], _PING)
        wire.close.assert_called_once()

    def test_a_sign_of_life_keeps_it(self) -> None:
        call = self.call()
        connection = self.open()
        for _ in range(20):
            self.wait(0.4)
            connection.received(b"")
        self.assertFalse(call.has_ended)

    def test_a_pause_of_this_process_is_not_mistaken_for_silence(self) -> None:
        call = self.call()
        connection = self.open()
        self.wait(0.31)
        self.wait(20.0)
        # The bytes that arrived during the pause are read only now.
        connection.received(b"")
        self.wait(0.1)
        self.assertFalse(call.has_ended)

    def test_a_connection_that_is_never_opened_is_replaced(self) -> None:
        self.call()
        self.connections[0].connected(mock.Mock())
        for _ in range(20):
            self.wait(0.1)
        self.assertGreater(len(self.connections), 1)


class Goaways(ConnectionTest):
    def test_leave_calls_in_flight_to_be_answered_and_send_new_ones_elsewhere(self) -> None:
        first = self.call()
        old = self.open()
        old.on_goaway()
        second = self.call()
        new = self.open()
        self.assertEqual(([*old.calls.values()], [*new.calls.values()]), ([first], [second]))
        self.assertFalse(first.has_ended)
        reply = frames.PipelineReply(id=first.id, response=api.GetSessionResponse().SerializeToString())
        old.on_message(frames.PipelineResponse(replies=[reply]).SerializeToString())
        self.assertEqual(first.response(), GetSessionResponse())
        self.assertFalse(second.has_ended)

    def test_of_a_connection_that_is_not_open_yet_send_waiting_calls_elsewhere(self) -> None:
        call = self.call()
        self.connections[0].connected(mock.Mock())
        self.connections[0].on_goaway()
        self.assertEqual(len(self.connections), 2)
        self.open()
        self.assertTrue(call.was_sent)


class Ids(unittest.TestCase):
    def test_of_calls_in_flight_are_never_used_again(self) -> None:
        connection = Connection("localhost", (), mock.Mock())
        call = Call("GetSession", api.GetSessionRequest(), time.monotonic() + 60, lambda: None)
        connection.calls = {1: call, 2: call}
        connection._last_id = 2**32 - 2
        other = [Call("GetSession", api.GetSessionRequest(), time.monotonic() + 60, lambda: None) for _ in range(2)]
        connection.send(other, time.monotonic())
        self.assertEqual([each.id for each in other], [2**32 - 1, 3])
