"""The Pipeline streams of a client, blocking and awaiting."""

from __future__ import annotations

import os
import tempfile
import unittest
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from fake_sidecar import WHOLE, FakeSidecar, Refusal, Stream, draining
from session_sidecar import SessionError
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from support import UNAVAILABLE, ClientTest, code_of, in_background, in_every_mode, never, until


class Streams(ClientTest):
    def test_all_calls_share_one(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client, ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: client.open("token"), range(50)))
            self.assertEqual((len(fake.streams), fake.unary_calls), (1, 0))
            self.assertEqual(len({call.id for call in fake.streams[0].calls}), 50)

    def test_calls_are_unary_where_streams_are_rejected(self) -> None:
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
        """Drain a stream with one call in flight, and make another call. Return both streams and both calls."""
        first = in_background(lambda: client.open("token"))
        old = until("the first call", lambda: fake.streams and fake.streams[0].calls and fake.streams[0])
        # One frame has this reply and the announcement, so the client has read the announcement when the call returns.
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


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Streams, modes=("pipeline", "asyncio pipeline"))
