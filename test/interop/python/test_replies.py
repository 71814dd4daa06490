"""Replies that are malformed."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

import grpc
from fake_sidecar import SESSION, FakeSidecar, Refusal, answering, failing
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode


class Replies(ClientTest):
    def test_that_are_incomplete_are_errors_and_keep_the_changes(self) -> None:
        no_time = Timestamp(seconds=10**12)

        def set_key(session: Any) -> None:
            session["key"] = 1

        def default(session: Any) -> None:
            session.setdefault("key", 1)

        cases: list[tuple[str, Any, Callable[[Any], None], Callable[[Any], Any]]] = [
            ("UpdateSession", api.UpdateSessionResponse(), set_key, lambda session: session.save()),
            ("UpdateSession", api.UpdateSessionResponse(results=[{}] * 3), set_key, lambda session: session.save()),
            ("UpdateSession", api.UpdateSessionResponse(), lambda session: session.flash(1), lambda session: session.save()),
            ("UpdateSession", api.UpdateSessionResponse(), lambda session: session.clear(), lambda session: session.save()),
            ("UpdateSession", api.UpdateSessionResponse(results=[{}]), default, lambda session: session.save()),
            ("UpdateSession", api.UpdateSessionResponse(results=[{}], expires=no_time), set_key, lambda session: session.save()),
            ("UpdateSession", b"\xff", set_key, lambda session: session.save()),
            ("RegenerateSession", api.RegenerateSessionResponse(token="token"), set_key, lambda session: session.regenerate()),
            ("RegenerateSession", api.RegenerateSessionResponse(results=[{}]), set_key, lambda session: session.regenerate()),
            ("GetSession", api.GetSessionResponse(), lambda _: None, lambda session: session.transform("key", str)),
            ("CreateSession", api.CreateSessionResponse(), set_key, lambda session: session.save()),
            ("CreateSession", api.CreateSessionResponse(token="token"), set_key, lambda session: session.save()),
            ("CreateSession", api.CreateSessionResponse(session=SESSION, results=[{}]), set_key, lambda session: session.save()),
            ("CreateSession", api.CreateSessionResponse(token="token", session=SESSION), set_key, lambda session: session.save()),
        ]
        for method, reply, prepare, act in cases:
            with self.subTest(method=method, reply=reply), FakeSidecar() as fake, self.patient(fake) as client:
                session = client.create() if method == "CreateSession" else client.open("token")
                prepare(session)
                had_changes = session.has_changes
                fake.answer = answering(method, reply)
                self.assertEqual(code_of(lambda session=session, act=act: act(session)), "INTERNAL")  # type: ignore[misc]
                self.assertEqual(session.has_changes, had_changes)

    def test_open_fails_without_a_session_or_with_impossible_times(self) -> None:
        far = Timestamp(seconds=10**12)
        impossible = [
            *({"created": time} for time in (far, Timestamp(seconds=-(10**12)), Timestamp(nanos=10**9), Timestamp(nanos=-1))),
            {"expires": far},
            *({"idle_timeout": time} for time in (Duration(seconds=10**12), Duration(seconds=-(10**12)), Duration(nanos=10**9))),
        ]
        for session in (None, *(messages.Session(**fields) for fields in impossible)):
            reply = answering("GetSession", api.GetSessionResponse(session=session))
            with FakeSidecar(reply) as fake, self.patient(fake) as client:
                self.assertEqual(code_of(lambda client=client: client.open("token")), "INTERNAL")  # type: ignore[misc]

    def test_details_that_cannot_be_decoded_are_ignored(self) -> None:
        info = AnyMessage(type_url="type.googleapis.com/google.rpc.ErrorInfo", value=b"\xff\xff")
        for details in (b"\xff\xff", status_pb2.Status(details=[info]).SerializeToString()):
            with self.subTest(details=details):
                refusal = Refusal(grpc.StatusCode.INTERNAL, details=details)
                with FakeSidecar(failing("GetSession", 1, refusal)) as fake, self.patient(fake) as client:
                    self.assertEqual(code_of(lambda client=client: client.open("token")), "INTERNAL")  # type: ignore[misc]

    def test_a_session_without_a_csrf_token_accepts_none(self) -> None:
        reply = api.GetSessionResponse(session=messages.Session())
        with FakeSidecar(answering("GetSession", reply)) as fake, self.patient(fake) as client:
            session = client.open("token")
            for token in ("", None, "\ud800"):
                self.assertFalse(session.check_csrf_token(token))


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Replies)
