"""What a session says of itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import TestSuite

from fake_sidecar import SESSION, WHOLE, FakeSidecar
from google.protobuf.duration_pb2 import Duration
from session_sidecar import SessionClient
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, code_of, in_every_mode

STORED = messages.Session(
    handle="handle",
    csrf_token="csrf",
    version=1,
    idle_timeout=Duration(seconds=60),
    flash_queues=[{"name": "two", "message_count": 1}, {"name": "", "message_count": 1}],
)
REPLIES = WHOLE | {
    "GetSession": api.GetSessionResponse(session=STORED),
    "PopFlash": api.PopFlashResponse(messages=[b"1"]),
}


def replies(call: Any) -> Any:
    if call.method not in ("CreateSession", "UpdateSession"):
        return REPLIES[call.method]
    results = [{"applied": True}] * len(call.request.mutations)
    if call.method == "UpdateSession":
        return api.UpdateSessionResponse(version=2, results=results)
    return api.CreateSessionResponse(token="token", session=SESSION, results=results)


class Facts(ClientTest):
    def test_the_state_is_that_of_the_object(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.create()
            self.assertEqual(session.state, "new")
            session.invalidate()
            self.assertEqual(session.state, "new")
            session["key"] = 1
            session.save()
            self.assertEqual(session.state, "stored")
            session.invalidate()
            self.assertEqual(session.state, "invalidated")
            session["key"] = 1
            self.assertEqual(session.state, "invalidated")
            session.save()
            self.assertEqual(session.state, "stored")
            self.assertEqual(client.open("token").state, "stored")

    def test_the_idle_timeout_is_the_one_assigned_or_stored(self) -> None:
        minute, hour = timedelta(minutes=1), timedelta(hours=1)
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.assertEqual(session.idle_timeout, minute)
            for timeout, sent in ((hour, Duration(seconds=3600)), (None, Duration())):
                session.idle_timeout = timeout
                self.assertEqual((session.idle_timeout, session.has_changes), (timeout, True))
                session.save()
                self.assertEqual((session.idle_timeout, session.has_changes), (timeout, False))
                self.assertEqual(fake.calls[-1].request.idle_timeout, sent)
            self.assertTrue(fake.calls[-1].request.no_idle_timeout)
            session.set_idle_timeout(hour)
            session.invalidate()
            self.assertIsNone(session.idle_timeout)

    def test_the_idle_timeout_of_a_new_session_is_sent_when_it_is_created(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.create()
            session.idle_timeout = timedelta(minutes=5)
            self.assertFalse(session.has_changes)
            session.save()
            self.assertEqual((fake.calls, session.idle_timeout), ([], timedelta(minutes=5)))
            session.csrf_token()
            self.assertEqual(fake.calls[0].request.idle_timeout, Duration(seconds=300))

    def test_what_cannot_be_saved_is_refused_at_once_and_changes_nothing(self) -> None:
        session = SessionClient("localhost:1").create()
        session.subject = "Ada"
        session.idle_timeout = timedelta(minutes=5)
        for timeout in (timedelta(0), timedelta(seconds=0.999), timedelta(-1), timedelta(days=3653), timedelta.max):
            self.assertRaises(ValueError, session.set_idle_timeout, timeout)
        for wrong in (60, 60.0, "60s", True):
            with self.assertRaises(TypeError):
                session.idle_timeout = wrong  # type: ignore[assignment]
        for subject in (7, b"Ada", ["Ada"]):
            with self.assertRaises(TypeError):
                session.subject = subject  # type: ignore[assignment]
        with self.assertRaises(ValueError):
            session.subject = "\ud800"
        self.assertEqual((session.subject, session.idle_timeout), ("Ada", timedelta(minutes=5)))

    def test_an_idle_timeout_out_of_range_is_a_malformed_reply(self) -> None:
        far = messages.Session(idle_timeout=Duration(seconds=10**15))
        with FakeSidecar(lambda _: api.GetSessionResponse(session=far)) as fake, self.patient(fake) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "INTERNAL")

    def test_the_queues_are_those_with_messages(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.assertEqual(session.flash_queues, ("two", ""))
            session.flash("unsaved", "three")
            session.flash("unsaved", "two")
            self.assertEqual(session.flash_queues, ("two", "", "three"))
            session.pop_flash("two")
            session.save()
            self.assertEqual(session.flash_queues, ("", "three"))
            self.assertEqual(client.create().flash_queues, ())

    def test_the_csrf_token_is_compared_with_anything(self) -> None:
        token: Any
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            for session in (client.create(), client.open("token")):
                for token in (None, "", "token", "\ud800", "é", "\x00", b"csrf", 7, ["csrf"]):
                    self.assertIs(session.check_csrf_token(token), False)
            self.assertTrue(session.check_csrf_token("csrf"))

    def test_the_text_of_a_stored_session_has_its_handle_and_no_token(self) -> None:
        with FakeSidecar(replies) as fake, self.patient(fake) as client:
            session = client.open("a secret token")
            self.assertRegex(repr(session), r"^<(Async)?Session handle: stored, 0 keys>$")


def load_tests(_loader: object, _tests: object, _pattern: object) -> TestSuite:
    return in_every_mode(Facts)
