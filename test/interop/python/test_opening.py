"""How sessions are opened and begun."""

from __future__ import annotations

from typing import Any
from unittest import TestSuite

import grpc
from fake_sidecar import SESSION, WHOLE, FakeSidecar, Refusal, answering
from session_sidecar import SessionError
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode

NOT_FOUND = Refusal(grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
INVALID = Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")


def refusing(refusal: Refusal) -> Any:
    def answer(call: Any) -> Any:
        if call.method == "GetSession":
            raise refusal
        return WHOLE[call.method]

    return answer


class Tokens(ClientTest):
    def test_the_first_of_several_that_has_a_session_is_used(self) -> None:
        asked: list[str] = []

        def answer(call: Any) -> Any:
            asked.append(call.request.token)
            if call.request.token == "third":
                return WHOLE["GetSession"]
            raise {"first": NOT_FOUND, "second": INVALID}[call.request.token]

        with FakeSidecar(answer) as fake, self.patient(fake) as client:
            opened = client.open(["first", "", "second", "first", "third", "fourth"])
            self.assertEqual((opened.origin, opened.token), ("found", "third"))
            self.assertEqual(asked, ["first", "second", "third"])
            opened = client.open(("second", "first"))
            self.assertEqual((opened.origin, opened.token), ("token_invalid", None))

    def test_more_than_three_are_not_tried(self) -> None:
        with FakeSidecar(refusing(NOT_FOUND)) as fake, self.patient(fake) as client:
            self.assertEqual(client.open(map(str, range(9))).origin, "not_found")
            self.assertEqual(fake.count("GetSession"), 3)

    def test_none_is_needed(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            for nothing in (None, "", [], ["", ""]):
                self.assertEqual(client.open(nothing).origin, "none")
            self.assertEqual(fake.calls, [])

    def test_that_are_not_unicode_are_invalid(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            self.assertEqual(client.open("\udcff").origin, "token_invalid")
            self.assertEqual(fake.calls, [])

    def test_that_are_no_text_are_refused(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            for wrong in (b"token", 7, [b"token"], {"token": None}.items()):
                self.assertRaises(TypeError, client.open, wrong)


class Ids(ClientTest):
    def test_find_a_session(self) -> None:
        reply = api.GetSessionResponse(session=SESSION, token="token")
        with FakeSidecar(answering("GetSession", reply)) as fake, self.patient(fake) as client:
            opened = client.open_by_id("mine")
            self.assertEqual((opened.origin, opened.token, opened.is_new), ("found", "token", False))
            self.assertEqual((fake.calls[0].request.id, fake.calls[0].request.token), ("mine", ""))

    def test_are_what_new_sessions_are_created_with_once(self) -> None:
        with FakeSidecar(refusing(NOT_FOUND)) as fake, self.patient(fake) as client:
            for session in (client.open_by_id("mine"), client.create(id="mine")):
                fake.calls.clear()
                session["key"] = 1
                session.save()
                session.invalidate()
                session["key"] = 1
                session.save()
                ids = [call.request.id for call in fake.calls if call.method == "CreateSession"]
                self.assertEqual(ids, ["mine", ""])

    def test_need_a_sidecar_that_knows_them(self) -> None:
        with FakeSidecar(refusing(INVALID)) as fake, self.patient(fake) as client:
            self.assertEqual(code_of(lambda: client.open_by_id("mine")), "UNIMPLEMENTED")

    def test_need_a_reply_with_a_token(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            self.assertEqual(code_of(lambda: client.open_by_id("mine")), "INTERNAL")

    def test_that_are_invalid_are_refused_at_once(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            wrong: Any
            for wrong in ("", "a\nb", "\ud800", "a" * 257):
                self.assertRaises(ValueError, client.open_by_id, wrong)
                with self.assertRaises(ValueError):
                    client.create(id=wrong)
            for wrong in (7, b"id"):
                self.assertRaises(TypeError, client.open_by_id, wrong)
                with self.assertRaises(TypeError):
                    client.create(id=wrong)
            self.assertRaises(SessionError, lambda: client.open_by_id("mine"))


def load_tests(_loader: object, _tests: object, _pattern: object) -> TestSuite:
    return in_every_mode(Tokens, Ids)
