"""The cache of a client, over Pipeline streams."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import grpc
from cache_world import HANDLE, TOKEN
from fake_sidecar import WHOLE, FakeSidecar, Refusal, Stream
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_background, in_every_mode, until


def session_call(stream: Stream, call: Any) -> None:
    """An on_call of a sidecar whose sessions never change."""
    handle = api.GetSessionRequest.FromString(call.request).token[:22]
    session = messages.Session(handle=handle, csrf_token="csrf", version=1)
    response = api.GetSessionResponse(session=session, etag=b"1", live_ms=3_600_000)
    stream.reply(frames.PipelineReply(id=call.id, response=response.SerializeToString()))


class Streams(ClientTest):
    def is_live(self, client: Any, token: str) -> bool:
        before = client.cache_stats.live
        client.open(token)
        return bool(client.cache_stats.live > before)

    def become_live(self, client: Any, *tokens: str) -> None:
        for token in tokens:
            until("a live read", lambda token=token: self.is_live(client, token))  # type: ignore[misc]

    def open_until_there_are_two(self, fake: FakeSidecar, client: Any) -> None:
        def are_two() -> bool:
            client.open(TOKEN)
            return len(fake.streams) == 2

        until("another stream", are_two)

    def test_that_confirm_make_sessions_live_until_a_change_is_reported(self) -> None:
        with FakeSidecar(on_call=session_call) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
            client.open(TOKEN)
            self.assertGreater(fake.streams[0].frames[0].confirm, 0)
            self.become_live(client, TOKEN)
            calls = len(fake.streams[0].calls)
            for _ in range(10):
                self.assertTrue(self.is_live(client, TOKEN))
            self.assertEqual(len(fake.streams[0].calls), calls)
            fake.streams[0].reply(changed=[frames.Change(handle=HANDLE, version=2)])
            until("a read that is not live", lambda: not self.is_live(client, TOKEN))
            self.assertEqual(client.cache_stats.reported, 1)

    def test_that_are_lost_end_what_was_read_on_them(self) -> None:
        other = "abcdefghijklmnopqrstuv" + "secret.signature"
        losses: list[Callable[[Stream], None]] = [
            lambda stream: stream.end(Refusal(grpc.StatusCode.UNAVAILABLE)),
            lambda stream: stream.reply(draining=True),
        ]
        for lose in losses:
            with FakeSidecar(on_call=session_call) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
                self.become_live(client, TOKEN, other)
                lose(fake.streams[0])
                self.open_until_there_are_two(fake, client)
                self.become_live(client, TOKEN)
                self.assertFalse(self.is_live(client, other))

    def test_that_were_left_report_nothing(self) -> None:
        def receive(stream: Stream, call: Any) -> None:
            if call.method == "GetSession":
                session_call(stream, call)

        with FakeSidecar(on_call=receive) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
            self.become_live(client, TOKEN)
            session = client.create()
            session["key"] = 1
            saving = in_background(session.save)
            until("the call", lambda: any(call.method == "CreateSession" for call in fake.streams[0].calls))
            fake.streams[0].reply(draining=True)
            self.open_until_there_are_two(fake, client)
            self.become_live(client, TOKEN)
            (held,) = (call for call in fake.streams[0].calls if call.method == "CreateSession")
            reply = frames.PipelineReply(id=held.id, response=WHOLE["CreateSession"].SerializeToString())
            fake.streams[0].reply(reply, all_changed=True)
            self.assertEqual(saving.result(), "")
            self.assertTrue(self.is_live(client, TOKEN))

    def test_a_cache_has_at_least_1_byte(self) -> None:
        for size in (0, -1, 1.5, "1"):
            with self.assertRaises(ValueError):
                self.connect("localhost:1", cache_bytes=size)

    def test_of_a_closed_client_open_nothing(self) -> None:
        with FakeSidecar(on_call=session_call) as fake, self.patient(fake, cache_bytes=1 << 20) as client:
            self.become_live(client, TOKEN)
            client.close()
            self.assertEqual(code_of(lambda: client.open(TOKEN)), "CANCELLED")


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Streams, modes=("pipeline", "asyncio pipeline"))
