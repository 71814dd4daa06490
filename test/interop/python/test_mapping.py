"""A session as a dictionary."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hypothesis import given
from hypothesis import strategies as some
from properties import effort
from session_sidecar import Session, SessionClient

_KEYS = some.sampled_from(["a", "b", "c", "d"])
_NUMBERS = some.integers(0, 3)
_PAIRS = some.lists(some.tuples(_KEYS, _NUMBERS), max_size=3)


def new_session(**values: Any) -> Session:
    session = SessionClient("localhost:1").create()
    session.update(values)
    return session


def outcome(action: Callable[[], Any]) -> Any:
    """Return what an action returns or raises, as plain values that keep their order."""
    try:
        result = action()
    except KeyError:
        return KeyError
    return list(result.items()) if isinstance(result, Mapping) else result


# Each takes a dictionary and what is drawn for it.
STEPS: dict[str, Callable[[Any, str, int, list[tuple[str, int]]], Any]] = {
    "get item": lambda each, key, *_: each[key],
    "set item": lambda each, key, value, _: each.__setitem__(key, value),
    "delete item": lambda each, key, *_: each.__delitem__(key),
    "get": lambda each, key, value, _: each.get(key, value),
    "in": lambda each, key, *_: key in each,
    "setdefault": lambda each, key, value, _: each.setdefault(key, value),
    "pop": lambda each, key, *_: each.pop(key),
    "pop with default": lambda each, key, value, _: each.pop(key, value),
    "popitem": lambda each, *_: each.popitem(),
    "clear": lambda each, *_: each.clear(),
    "update with pairs": lambda each, _key, _value, pairs: each.update(pairs),
    "update with a mapping": lambda each, _key, value, pairs: each.update(dict(pairs), b=value),
    "|=": lambda each, _key, _value, pairs: each.__ior__(pairs),
    "|": lambda each, _key, _value, pairs: each | dict(pairs),
    "| on the right": lambda each, _key, _value, pairs: dict(pairs) | each,
    "copy": lambda each, *_: each.copy(),
    "len": lambda each, *_: len(each),
    "reversed": lambda each, *_: list(reversed(each)),
    "reversed keys": lambda each, *_: list(reversed(each.keys())),
    "reversed values": lambda each, *_: list(reversed(each.values())),
    "reversed items": lambda each, *_: list(reversed(each.items())),
    "keys": lambda each, *_: list(each.keys()),
    "values": lambda each, *_: list(each.values()),
    "keys in common": lambda each, _key, _value, pairs: each.keys() & dict(pairs).keys(),
}


class Dictionary(unittest.TestCase):
    @effort
    @given(some.lists(some.tuples(some.sampled_from(sorted(STEPS)), _KEYS, _NUMBERS, _PAIRS), max_size=20))
    def test_it_does_what_a_dict_does_in_the_same_order(self, steps: list[tuple[str, str, int, list[tuple[str, int]]]]) -> None:
        session, model = new_session(), dict[str, Any]()
        for name, *drawn in steps:
            results = [outcome(partial(STEPS[name], each, *drawn)) for each in (session, model)]  # type: ignore[arg-type]
            self.assertEqual(results[0], results[1], name)
            self.assertEqual(list(session.items()), list(model.items()))
            self.assertEqual(session, model)

    def test_it_has_all_that_a_dict_has(self) -> None:
        session = new_session()
        self.assertEqual([name for name in dir({}) if not hasattr(session, name)], [])

    def test_it_matches_mappings_and_cannot_be_a_key(self) -> None:
        match new_session(a=1, b=2):
            case {"a": 1, **rest}:
                self.assertEqual(rest, {"b": 2})
            case _:
                self.fail("a session is a mapping")
        self.assertRaises(TypeError, hash, new_session())

    def test_copies_and_unions_are_dictionaries_of_their_own(self) -> None:
        session = new_session(a=[1])
        for other in (session.copy(), session | {}, {} | session):
            self.assertIs(type(other), dict)
            other["b"] = 2
            self.assertNotIn("b", session)
        self.assertIs(session.copy()["a"], session["a"])

    def test_a_union_with_anything_else_is_refused(self) -> None:
        session = new_session()
        for action in (lambda: session | [("a", 1)], lambda: [("a", 1)] | session, lambda: session | None):  # type: ignore[operator]
            self.assertRaises(TypeError, action)

    def test_a_union_in_place_is_the_session(self) -> None:
        session = same = new_session()
        session |= {"a": 1}
        self.assertIs(session, same)
        self.assertEqual(same, {"a": 1})

    def test_only_a_client_makes_sessions(self) -> None:
        with self.assertRaisesRegex(TypeError, "update"):
            Session.fromkeys(["a"], 1)

    def test_what_is_refused_leaves_nothing(self) -> None:
        wrong: Any
        for wrong in ({"ok": 1, "a\nb": 2}, {"ok": 1, "set": {1}}, {"ok": 1, 2: 2}, [("ok", 1), ("\ud800", 1)]):
            session = new_session(before=1)
            for action in (session.update, session.__ior__):
                with self.subTest(wrong=wrong), self.assertRaises((TypeError, ValueError)):
                    action(wrong)
                self.assertEqual(session, {"before": 1})


class Text(unittest.TestCase):
    def test_its_text_has_neither_keys_nor_values_nor_tokens(self) -> None:
        session = new_session(secret_key="secret value")
        self.assertEqual(repr(session), "<Session: new, 1 key>")
        self.assertEqual(str(session), repr(session))
        self.assertEqual(f"{new_session()}", "<Session: new, 0 keys>")


class Flash(unittest.TestCase):
    def test_unsaved_messages_are_compared_by_value(self) -> None:
        for one, other, is_same in (
            ({"a": 1, "b": [None]}, {"b": [None], "a": 1.0}, True),
            (0, -0.0, True),
            (1e2, 100, True),
            (2**53 + 1, 2**53, False),
            (2**53 + 1, float(2**53), False),
            (1, True, False),
            (0, False, False),
            ([1, 2], [2, 1], False),
            ({"a": 1}, {"a": 1, "b": 2}, False),
            ("1", 1, False),
            ("", None, False),
        ):
            with self.subTest(one=one, other=other):
                session = new_session()
                session.flash(one)
                session.flash(other, allow_duplicate=False)
                self.assertEqual(len(session.peek_flash()), 1 if is_same else 2)

    def test_a_message_that_is_equal_to_an_unsaved_one_is_no_other(self) -> None:
        session = new_session()
        session.flash({"level": "info", "text": "Saved"})
        session.flash({"text": "Saved", "level": "info"}, allow_duplicate=False)
        session.flash({"text": "Saved"}, allow_duplicate=False)
        session.flash({"text": "Saved"}, "other", allow_duplicate=False)
        self.assertEqual(session.pop_flash(), [{"level": "info", "text": "Saved"}, {"text": "Saved"}])
        self.assertEqual(session.pop_flash("other"), [{"text": "Saved"}])
