"""Regenerating a session that another request has ended, or whose token it has replaced."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import TestSuite

import grpc
from fake_sidecar import SESSION, WHOLE, FakeSidecar, Refusal
from google.protobuf.duration_pb2 import Duration
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode

LOADED = messages.Session(handle="old", version=7, subject="stranger", flash_queues=[{"name": "", "message_count": 1}])
LOADED.data["cart"] = b'["tea"]'
LOADED.data["visits"] = b"3"
GONE = Refusal(grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND")
TOO_LARGE = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "SESSION_TOO_LARGE")


def replies(call: Any) -> Any:
    """Answer as if the session had ended after it was opened."""
    if call.method == "GetSession":
        return api.GetSessionResponse(session=LOADED)
    if call.method == "CreateSession":
        results = [{"applied": True}] * len(call.request.mutations)
        return api.CreateSessionResponse(token="new", session=SESSION, results=results)
    raise GONE


def without_room(call: Any) -> Any:
    if call.method == "CreateSession":
        raise TOO_LARGE
    return replies(call)


class OrCreate(ClientTest):
    def write(self, session: Any) -> None:
        session["cart"].append("cups")
        del session["visits"]
        session["note"] = {"text": "new"}
        session.setdefault("nested", [])
        session.flash("Welcome")
        session.subject = "Ada"

    def test_creates_a_session_of_what_was_set_and_nothing_that_was_loaded(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.write(session)
            note = session["note"]
            session.regenerate(or_create=True)
            self.assertEqual([call.method for call in fake.calls], ["GetSession", "RegenerateSession", "CreateSession"])
            request = fake.calls[-1].request
            kinds = [each.WhichOneof("kind") for each in request.mutations]
            self.assertEqual((kinds, request.subject), (["set", "set_if_absent", "push_flash"], "Ada"))
            self.assertEqual({**session}, {"note": {"text": "new"}, "nested": []})
            self.assertEqual((session.token, session.is_new, session.state, session.has_changes), ("new", True, "stored", False))
            # The application may go on with the values that it has set.
            note["text"] = "changed"
            self.assertTrue(session.has_changes)

    def test_keeps_an_idle_timeout_that_was_set_for_the_new_session(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            session["note"] = "new"
            session.idle_timeout = timedelta(hours=1)
            session.regenerate(or_create=True)
            # Saved by itself, so that nothing else is, if the token cannot be replaced then.
            self.assertEqual([(call.method, len(call.request.mutations)) for call in fake.calls[1:]][0], ("UpdateSession", 0))
            self.assertEqual(fake.calls[-1].request.idle_timeout, Duration(seconds=3600))
            self.assertFalse(session.has_changes)

    def test_fails_if_nothing_was_set(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            session["cart"].append("cups")
            del session["visits"]
            self.assertEqual(code_of(lambda: session.regenerate(or_create=True)), "SESSION_NOT_FOUND")
            self.assertEqual((session.token, session.is_new, fake.count("CreateSession")), ("token", False, 0))
            self.assertEqual((session["cart"], session.has_changes), (["tea", "cups"], True))

    def test_is_as_before_if_the_new_one_cannot_be_created(self) -> None:
        with FakeSidecar(without_room) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.write(session)
            session.idle_timeout = timedelta(hours=1)
            self.assertEqual(code_of(lambda: session.regenerate(or_create=True)), "SESSION_TOO_LARGE")
            facts = (session.token, session.handle, session.is_new, session.version, session.subject, session.flash_queues)
            self.assertEqual(facts, ("token", "old", False, 7, "Ada", ("",)))
            self.assertEqual({**session}, {"cart": ["tea", "cups"], "note": {"text": "new"}, "nested": []})
            self.assertEqual(session.idle_timeout, timedelta(hours=1))
            self.assertEqual(code_of(session.save), "SESSION_NOT_FOUND")
            self.assertEqual([each.WhichOneof("kind") for each in fake.calls[-1].request.mutations].count("delete"), 1)

    def test_is_not_the_default(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.write(session)
            self.assertEqual(code_of(session.regenerate), "SESSION_NOT_FOUND")
            self.assertEqual(fake.count("CreateSession"), 0)

    def test_does_not_help_against_other_failures(self) -> None:
        def unavailable(call: Any) -> Any:
            if call.method == "RegenerateSession":
                raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID")
            return replies(call)

        with FakeSidecar(unavailable) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.write(session)
            self.assertEqual(code_of(lambda: session.regenerate(or_create=True)), "TOKEN_INVALID")
            self.assertEqual(fake.count("CreateSession"), 0)

    def test_of_a_session_that_is_not_stored_makes_no_call(self) -> None:
        with FakeSidecar(lambda call: WHOLE[call.method]) as fake, self.patient(fake) as client:
            session = client.create()
            session["note"] = "new"
            session.regenerate(or_create=True)
            self.assertEqual((fake.calls, session.has_changes), ([], True))


class Invalidating(ClientTest):
    def test_ends_the_session_of_each_token_without_loading_it(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            client.invalidate("one")
            client.invalidate(["one", "", "two", "one", "three", "four"])
            self.assertEqual([call.method for call in fake.calls], ["InvalidateSession"] * 4)
            self.assertEqual([call.request.token for call in fake.calls], ["one", "one", "two", "three"])

    def test_does_nothing_without_a_token(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            nothing: Any
            for nothing in (None, "", [], "\udcff"):
                client.invalidate(nothing)
            self.assertEqual(fake.calls, [])

    def test_ignores_tokens_that_are_not_genuine(self) -> None:
        def refuse(call: Any) -> Any:
            raise {
                "forged": Refusal(grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"),
                "damaged": Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"),
            }[call.request.token]

        with FakeSidecar(refuse) as fake, self.patient(fake) as client:
            client.invalidate(("forged", "damaged"))
            self.assertEqual(fake.count("InvalidateSession"), 2)

    def test_tries_all_and_reports_the_first_failure(self) -> None:
        def refuse(call: Any) -> Any:
            if call.request.token == "two":
                return WHOLE["InvalidateSession"]
            raise Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", metadata={"token": call.request.token})

        with FakeSidecar(refuse) as fake, self.patient(fake) as client:
            self.assertEqual(code_of(lambda: client.invalidate(["one", "two", "three"])), "INTERNAL")
            self.assertEqual(fake.count("InvalidateSession"), 3)

    def test_refuses_what_is_no_text(self) -> None:
        with FakeSidecar() as fake, self.patient(fake) as client:
            wrong: Any
            for wrong in (b"token", 7, [b"token"]):
                self.assertRaises(TypeError, client.invalidate, wrong)


def load_tests(_loader: object, _tests: object, _pattern: object) -> TestSuite:
    return in_every_mode(OrCreate, Invalidating)
