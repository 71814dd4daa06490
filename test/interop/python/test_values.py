"""Values, keys and names of queues."""

from __future__ import annotations

import inspect
import json
import math
import pickle
import sys
import traceback
import unittest
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from fake_sidecar import WHOLE, FakeSidecar
from session_sidecar import SessionClient, SessionError, TaggedJsonCodec
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, in_every_mode


class Values(ClientTest):
    def test_do_not_appear_in_errors(self) -> None:
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
        for unfit in (
            *((value,), {value: (1,)}, {value: math.nan}, {1: value}, {value}, [datetime.now(), value], cycle, deep),
            *(value + "\ud800", {value + "\ud800": 1}, [value, 10**5000]),
        ):
            new = SessionClient("localhost:1").create()
            with self.assertRaises(TypeError) as refused:
                new["key"] = unfit
            self.expect_silence(refused.exception)
            with self.assertRaises(TypeError) as refused:
                new.flash(unfit)
            self.expect_silence(refused.exception)

    def expect_silence(self, error: BaseException) -> None:
        # Error trackers print everything that is attached to an error.
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
            opened["text"].append("é")
            opened.save()
            self.assertEqual(json.loads(fake.calls[-1].request.mutations[0].set.value), ["\ud800", "é"])
            self.assertFalse(opened.has_changes)

    def test_of_a_codec_are_sent_only_if_they_were_changed_in_place(self) -> None:
        data = {
            "set": b'{ "value": [2, 1], "$type": "set" }',
            "tuple": b'{"$type": "tuple", "value": [[1]]}',
            "surrogate": rb'["\ud800", 1]',
            "plain": b'{"a": [1]}',
            "date": b'{"$type":"date","value":"2026-11-26"}',
        }
        replies = WHOLE | {"GetSession": api.GetSessionResponse(session=messages.Session(data=data))}
        with FakeSidecar(lambda call: replies[call.method]) as fake, self.patient(fake, codec=TaggedJsonCodec()) as client:
            opened = client.open("token")
            self.assertEqual(opened["set"], {1, 2})
            self.assertEqual(opened["date"], date(2026, 11, 26))
            self.assertEqual((opened["tuple"], opened["surrogate"], opened["plain"]), (([1],), ["\ud800", 1], {"a": [1]}))
            self.assertFalse(opened.has_changes)
            opened["set"].add(3)
            opened.save()
            self.assertEqual(json.loads(fake.calls[-1].request.mutations[0].set.value)["value"], [1, 2, 3])
            opened["tuple"][0].append(2)
            opened.save()
            self.assertEqual(json.loads(fake.calls[-1].request.mutations[0].set.value)["value"], [[1, 2]])
            opened["surrogate"].pop(0)
            opened.save()
            self.assertEqual(fake.calls[-1].request.mutations[0].set.value, b"[1]")
            self.assertFalse(opened.has_changes)

    def test_nested_too_deeply_to_be_compared_are_unreadable(self) -> None:
        def nested(depth: int, action: Callable[[], Any]) -> Any:
            return nested(depth - 1, action) if depth else action()

        deep = b"[" * 700 + b"]" * 700
        replies = WHOLE | {"GetSession": api.GetSessionResponse(session=messages.Session(data={"deep": deep}))}
        limit = sys.getrecursionlimit()
        self.addCleanup(sys.setrecursionlimit, limit)
        with FakeSidecar(lambda call: replies[call.method]) as fake, SessionClient(fake.address, timeout=30) as client:
            opened = client.open("token")
            self.assertEqual(len(opened["deep"]), 1)
            self.assertFalse(opened.has_changes)
            sys.setrecursionlimit(len(inspect.stack(0)) + 400)
            with self.assertRaises(SessionError) as raised:
                nested(100, opened.save)
            sys.setrecursionlimit(limit)
            self.assertEqual(raised.exception.code, "VALUE_UNREADABLE")

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

    def test_invalid_names_are_rejected_at_once(self) -> None:
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
    return in_every_mode(Values)
