"""Tests the Python client against a sidecar that answers what a test wants."""

from __future__ import annotations

import math
import os
import pickle
import socket
import tempfile
import threading
import traceback
import unittest
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
from fake_sidecar import SESSION, WHOLE, Call, FakeSidecar, Refusal, draining, store_unavailable
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import status_pb2
from modes import MODES, connect
from session_sidecar import SessionClient, SessionError
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
SECRET = "s3cret-api-token"


class ClientTest(unittest.TestCase):
    """Tests of the client in one mode. Each subclass is run in every mode."""

    mode = ""

    def patient(self, fake: FakeSidecar, **options: Any) -> Any:
        """For tests that are not about time, on machines that are busy."""
        return connect(self.mode, fake.address, timeout=30, **options)

    def connect(self, address: str, **options: Any) -> Any:
        return connect(self.mode, address, **options)


def in_every_mode(*cases: type[ClientTest], modes: Iterable[str] = MODES) -> unittest.TestSuite:
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    named = [type(f"{case.__name__} ({mode})", (case,), {"mode": mode}) for mode in modes for case in cases]
    return unittest.TestSuite(map(load, named))


def failing(method: str, times: int, refusal: Refusal) -> Callable[[Call], Any]:
    """Answers with a failure as often as said, and then as it should."""
    left = [times]

    def answer(call: Call) -> Any:
        if call.method == method and left[0] > 0:
            left[0] -= 1
            raise refusal
        return WHOLE[call.method]

    return answer


def answering(method: str, reply: Any) -> Callable[[Call], Any]:
    return lambda call: reply if call.method == method else WHOLE[call.method]


def code_of(action: Callable[[], Any]) -> str:
    try:
        action()
    except SessionError as error:
        return error.code
    return ""


class Retries(ClientTest):
    MANY = 6

    def test_tries_again_what_is_safe(self) -> None:
        many, again = self.MANY, self.MANY + 1
        # How often save() and invalidate() call in the end, where the first calls fail.
        cases: list[tuple[Refusal, int, int]] = [
            (draining(), again, again),
            (Refusal(UNAVAILABLE, "OVERLOADED"), again, again),
            (store_unavailable("false"), again, again),
            (store_unavailable("true"), 1, again),
            (Refusal(UNAVAILABLE), 1, again),
            (draining(3600, pushback="1"), again, again),
            (draining(pushback="-1"), 1, 1),
            (draining(pushback="soon"), 1, 1),
            (draining(3600), 1, 1),
            (Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "STORE_FULL"), 1, 1),
            (Refusal(grpc.StatusCode.INTERNAL, "INTERNAL"), 1, 1),
            (Refusal(grpc.StatusCode.NOT_FOUND, "SESSION_NOT_FOUND"), 1, 1),
        ]
        if "pipeline" in self.mode:
            # Replies on a stream have no trailer.
            cases = [case for case in cases if not case[0].pushback]
        for refusal, saves, invalidations in cases:
            for method, calls in (("UpdateSession", saves), ("InvalidateSession", invalidations)):
                with self.subTest(refusal=refusal, method=method), FakeSidecar(failing(method, many, refusal)) as fake:
                    with self.patient(fake) as client:
                        session = client.open("token")
                        session["key"] = 1
                        action = session.save if method == "UpdateSession" else session.invalidate
                        code = code_of(action)
                    self.assertEqual(fake.count(method), calls)
                    self.assertEqual(code, "" if calls > 1 else refusal.reason or "UNAVAILABLE")

    def test_says_maybe_applied_when_an_earlier_attempt_may_have_been(self) -> None:
        def answer(call: Call) -> Any:
            if call.method != "InvalidateSession":
                return WHOLE[call.method]
            raise store_unavailable("true") if fake.count("InvalidateSession") == 1 else draining(3600)

        with FakeSidecar(answer) as fake, self.patient(fake) as client:
            session = client.open("token")
            with self.assertRaises(SessionError) as raised:
                session.invalidate()
            self.assertEqual(raised.exception.code, "STORE_UNAVAILABLE")
            self.assertEqual(raised.exception.metadata, {"maybe_applied": "true"})
            self.assertEqual(fake.count("InvalidateSession"), 2)

    def test_calls_wait_for_a_sidecar_that_is_not_there_yet(self) -> None:
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{reserved.getsockname()[1]}"
        with self.connect(address, timeout=30) as client, self.connect(address) as hasty:
            session = client.create()
            session["key"] = 1
            saving = threading.Thread(target=session.save)
            saving.start()
            # With the default timeout: by then, the other call has met a refused connection.
            with self.assertRaises(SessionError) as raised:
                hasty.open("token")
            self.assertEqual(raised.exception.code, "UNAVAILABLE")
            self.assertIn("refused", str(raised.exception))
            with FakeSidecar(address=address):
                saving.join()
            self.assertEqual(session.token, "token")


class Deadlines(ClientTest):
    def test_each_call_has_one(self) -> None:
        with FakeSidecar() as fake, self.connect(fake.address) as client:
            client.open("token")
            self.assertGreater(fake.calls[0].left, 0)
            self.assertLess(fake.calls[0].left, 3.5)  # gRPC rounds it up.

    def test_a_call_that_is_not_answered_fails(self) -> None:
        release = threading.Event()
        with FakeSidecar(lambda _: b"" if release.wait() else b"") as fake, self.connect(fake.address, timeout=0.5) as client:
            self.assertEqual(code_of(lambda: client.open("token")), "DEADLINE_EXCEEDED")
            release.set()

    def test_a_closed_client_says_so(self) -> None:
        with FakeSidecar() as fake:
            client = self.patient(fake)
            client.close()
            self.assertEqual(code_of(lambda: client.open("token")), "CANCELLED")


class ApiTokens(ClientTest):
    def test_is_sent_with_every_call(self) -> None:
        with FakeSidecar() as fake:
            with self.patient(fake, api_token=SECRET) as client:
                session = client.open("token")
                session["key"] = 1
                session.save()
            with self.patient(fake) as client:
                client.open("token")
        self.assertEqual([call.metadata.get("authorization") for call in fake.calls], [f"Bearer {SECRET}"] * 2 + [None])

    def test_a_file_is_read_again_when_it_changes(self) -> None:
        with tempfile.TemporaryDirectory() as directory, FakeSidecar() as fake:
            path = Path(directory) / "token"

            def replace(text: str) -> None:
                path.with_suffix(".new").write_text(text)
                os.replace(path.with_suffix(".new"), path)

            with self.patient(fake, api_token_file=path) as client:
                with self.assertRaises(SessionError) as raised:
                    client.open("token")
                self.assertEqual(raised.exception.code, "API_TOKEN_INVALID")
                self.assertIn(str(path), str(raised.exception))
                for text in ("  first\n", "other\n", None, "not\nfit\n"):
                    if text is None:
                        path.unlink()
                    else:
                        replace(text)
                    client.open("token")
        sent = [call.metadata["authorization"] for call in fake.calls]
        self.assertEqual(sent, ["Bearer first", "Bearer other", "Bearer other", "Bearer other"])

    def test_is_never_printed(self) -> None:
        def refuse(_: Call) -> Any:
            raise Refusal(grpc.StatusCode.UNAUTHENTICATED, "API_TOKEN_INVALID")

        with FakeSidecar(refuse) as fake, self.patient(fake, api_token=SECRET) as client:
            with self.assertRaises(SessionError) as raised:
                client.open("token")
            self.assertEqual(raised.exception.code, "API_TOKEN_INVALID")
            printed = [*traceback.format_exception(raised.exception), repr(client), repr(vars(client)), repr(client.create())]
            self.assertNotIn(SECRET, "".join(printed))
        for unfit in (f"{SECRET}\n", f"{SECRET} two", "", "grün"):
            with self.assertRaises(ValueError) as refused:
                SessionClient("localhost:1", api_token=unfit)
            self.assertNotIn(SECRET, "".join(traceback.format_exception(refused.exception)))

    def test_a_token_and_a_file_are_too_much(self) -> None:
        with self.assertRaises(ValueError):
            SessionClient("localhost:1", api_token=SECRET, api_token_file="/token")


class Replies(ClientTest):
    def test_one_that_is_not_whole_is_an_error(self) -> None:
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
        for session in (None, messages.Session(created=far), messages.Session(expires=far)):
            reply = answering("GetSession", api.GetSessionResponse(session=session))
            with FakeSidecar(reply) as fake, self.patient(fake) as client:
                self.assertEqual(code_of(lambda client=client: client.open("token")), "INTERNAL")  # type: ignore[misc]

    def test_details_that_cannot_be_read_are_left_out(self) -> None:
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


class Values(ClientTest):
    def test_errors_say_nothing_of_them(self) -> None:
        value = "hunter2-4111111111111111"
        texts = [f'{{"card": {value}}}', f'["{value}",', f'"{value}', "", "[" * 100_000, f'"{value}" {value}']
        data = {str(index): text.encode() for index, text in enumerate(texts)} | {"bytes": b'"hunter2\xff"'}
        session = messages.Session(data=data, flash_queues=[{"name": "", "message_count": 1}])
        replies = {"GetSession": api.GetSessionResponse(session=session), "PopFlash": api.PopFlashResponse(messages=[data["0"]])}
        with FakeSidecar(lambda call: replies[call.method]) as fake, self.patient(fake) as client:
            opened = client.open("token")
            for key in data:
                with self.assertRaises(SessionError) as raised:
                    opened[key]
                self.assertEqual(raised.exception.code, "VALUE_UNREADABLE")
                self.expect_silence(raised.exception)
            with self.assertRaises(SessionError) as raised:
                opened.pop_flash()
            self.expect_silence(raised.exception)
        cycle: list[Any] = [value]
        cycle.append(cycle)
        deep: list[Any] = []
        for _ in range(100_000):
            deep = [deep]
        for unfit in ((value,), {value: (1,)}, {value: math.nan}, {1: value}, {value}, [datetime.now(), value], cycle, deep):
            new = SessionClient("localhost:1").create()
            with self.assertRaises(TypeError) as refused:
                new["key"] = unfit
            self.expect_silence(refused.exception)
            with self.assertRaises(TypeError) as refused:
                new.flash(unfit)
            self.expect_silence(refused.exception)

    def expect_silence(self, error: BaseException) -> None:
        # What hangs on an error is what error trackers print.
        self.assertIsNone(error.__cause__)
        self.assertIsNone(error.__context__)
        printed = "".join(traceback.format_exception(error)) + repr(vars(error)) + repr(error.args)
        for part in ("hunter2", "4111"):
            self.assertNotIn(part, printed)
            self.assertNotIn(part.encode(), pickle.dumps(error.args))

    def test_a_lone_surrogate_does_not_stop_other_changes(self) -> None:
        session = messages.Session(data={"text": rb'["\ud800"]'})
        replies = WHOLE | {"GetSession": api.GetSessionResponse(session=session)}
        with FakeSidecar(lambda call: replies[call.method]) as fake, self.patient(fake) as client:
            opened = client.open("token")
            self.assertEqual(opened["text"], ["\ud800"])
            opened["other"] = 1
            opened.save()
            self.assertFalse(opened.has_changes)

    def test_an_infinity_or_nan_does_not_stop_other_changes(self) -> None:
        session = messages.Session(data={"numbers": b"[1e999, NaN]"})
        replies = WHOLE | {"GetSession": api.GetSessionResponse(session=session)}
        with FakeSidecar(lambda call: replies[call.method]) as fake, self.patient(fake) as client:
            opened = client.open("token")
            self.assertEqual(opened["numbers"][0], float("inf"))
            opened["other"] = 1
            opened.save()
            self.assertFalse(opened.has_changes)
            opened["numbers"].pop()
            self.assertRaises(TypeError, opened.save)
            opened["numbers"].clear()
            opened.save()

    def test_names_are_checked_when_they_are_used(self) -> None:
        session = SessionClient("localhost:1").create()
        for name in ("a\nb", "\x00", "\x7f", "\x85", "\ufffd", "\ud800", "a" * 257, "é" * 129):
            for action in (
                lambda name=name: session.__setitem__(name, 1),
                lambda name=name: session.setdefault(name, 1),
                lambda name=name: session.update({name: 1}),
                lambda name=name: session.flash(1, name),
            ):
                with self.subTest(name=name), self.assertRaises(ValueError):
                    action()
        with self.assertRaises(ValueError):
            session[""] = 1
        with self.assertRaises(TypeError):
            session[1] = 1  # type: ignore[index]
        with self.assertRaises(TypeError):
            session.flash(1, None)  # type: ignore[arg-type]
        self.assertFalse(session.has_changes)
        for name in ("a", " ", "Grüße 世界 👋", "é" * 128, "__proto__"):
            session[name] = 1
            session.flash(1, name)
        session.flash(1)


def load_tests(_loader: object, _tests: object, _pattern: object) -> unittest.TestSuite:
    return in_every_mode(Retries, Deadlines, ApiTokens, Replies, Values)


if __name__ == "__main__":
    unittest.main()
