"""Popping messages and saving in one call."""

from __future__ import annotations

from typing import Any
from unittest import TestSuite

import grpc
from fake_sidecar import WHOLE, FakeSidecar, Refusal
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode

WITH_MESSAGES = api.GetSessionResponse(
    session=messages.Session(handle="handle", version=1, flash_queues=[{"name": "", "message_count": 1}])
)


def replies(call: Any) -> Any:
    if call.method == "GetSession":
        return WITH_MESSAGES
    if call.method == "PopFlash":
        return api.PopFlashResponse(messages=[b'"popped"'])
    if call.method == "UpdateSession":
        results = [
            {"applied": True, "messages": [b'"popped"'] if each.HasField("pop_flash") else []} for each in call.request.mutations
        ]
        return api.UpdateSessionResponse(version=2, results=results)
    return WHOLE[call.method]


class PopAndSave(ClientTest):
    def kinds(self, fake: FakeSidecar) -> list[Any]:
        """Return each call after the first: the kinds of its mutations, or its method."""
        return [
            [each.WhichOneof("kind") for each in call.request.mutations] if hasattr(call.request, "mutations") else call.method
            for call in fake.calls[1:]
        ]

    def test_are_one_call_that_sends_no_message_of_the_queue(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            session["key"] = 1
            session.flash("unsaved")
            session.flash("other", "other")
            session.subject = "Ada"
            self.assertEqual(session.pop_flash_and_save(), ["popped", "unsaved"])
            self.assertEqual(self.kinds(fake), [["pop_flash", "set", "push_flash"]])
            self.assertEqual((session.has_changes, session.flash_queues, session.subject), (False, ("other",), "Ada"))

    def test_are_only_what_there_is_to_do(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.assertEqual(session.pop_flash_and_save("empty"), [])
            self.assertEqual(session.pop_flash_and_save(), ["popped"])
            session.flash("unsaved")
            self.assertEqual(session.pop_flash_and_save(), ["unsaved"])
            session["key"] = 1
            self.assertEqual(session.pop_flash_and_save(), [])
            self.assertEqual(self.kinds(fake), ["PopFlash", ["set"]])

    def test_pop_nothing_if_they_fail(self) -> None:
        full = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "SESSION_TOO_LARGE")
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            session["key"] = 1
            session.flash("unsaved")

            def refuse(call: Any) -> Any:
                if call.method == "UpdateSession":
                    raise full
                return replies(call)

            fake.answer = refuse
            self.assertEqual(code_of(session.pop_flash_and_save), "SESSION_TOO_LARGE")
            self.assertEqual(fake.count("PopFlash"), 0)
            fake.answer = replies
            self.assertEqual(session.pop_flash_and_save(), ["popped", "unsaved"])

    def test_are_two_calls_of_an_older_sidecar_which_saves_first(self) -> None:
        def old(call: Any) -> Any:
            if call.method == "UpdateSession" and any(each.HasField("pop_flash") for each in call.request.mutations):
                raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT")
            return replies(call)

        with FakeSidecar(old) as fake, self.patient(fake) as client:
            session = client.open("token")
            session["key"] = 1
            session.flash("unsaved")
            self.assertEqual(session.pop_flash_and_save(), ["popped", "unsaved"])
            self.assertEqual(self.kinds(fake), [["pop_flash", "set"], ["set"], "PopFlash"])
            self.assertFalse(session.has_changes)

    def test_of_a_new_session_send_no_message_of_the_queue(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.create()
            session.flash("unsaved")
            self.assertEqual(session.pop_flash_and_save(), ["unsaved"])
            self.assertEqual(fake.calls, [])
            session.flash("unsaved")
            session["key"] = 1
            self.assertEqual(session.pop_flash_and_save(), ["unsaved"])
            self.assertEqual([each.WhichOneof("kind") for each in fake.calls[0].request.mutations], ["set"])
            self.assertFalse(session.has_changes)


def load_tests(_loader: object, _tests: object, _pattern: object) -> TestSuite:
    return in_every_mode(PopAndSave)
