"""Codecs: what they keep, how they write it, and what they refuse."""

from __future__ import annotations

import datetime as dt
import enum
import json
import math
import unittest
from collections import OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as some
from properties import effort
from session_sidecar import SessionClient, SessionError, TaggedJsonCodec, TaggedType

TAGGED = TaggedJsonCodec()
BERLIN = ZoneInfo("Europe/Berlin")

_TEXT = some.text(some.characters(exclude_categories=["Cs"]), max_size=8) | some.sampled_from(["$type", "value"])
_JSON = some.none() | some.booleans() | some.integers() | some.floats(allow_nan=False, allow_infinity=False) | _TEXT
_OFFSETS = some.timedeltas(dt.timedelta(hours=-23), dt.timedelta(hours=23)).map(dt.timezone)
_ZONES = some.sampled_from([ZoneInfo(name) for name in ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC")])
_HASHABLE = some.recursive(
    _JSON
    | some.floats(allow_nan=False)
    | some.binary(max_size=8)
    | some.datetimes(timezones=some.none() | _OFFSETS | _ZONES, allow_imaginary=False)
    | some.dates()
    | some.times(timezones=some.none() | some.just(dt.timezone.utc)).map(lambda each: each.replace(fold=0))
    | some.timedeltas()
    | some.decimals(allow_nan=False)
    | some.uuids(),
    lambda each: some.lists(each, max_size=3).map(tuple) | some.frozensets(each, max_size=3),
    max_leaves=5,
)
_VALUES = some.recursive(
    _HASHABLE | some.sets(_HASHABLE, max_size=3),
    lambda each: (
        some.lists(each, max_size=3)
        | some.lists(each, max_size=3).map(tuple)
        | some.dictionaries(_TEXT, each, max_size=3)
        | some.dictionaries(_HASHABLE, each, max_size=3)
        | some.fixed_dictionaries({"$type": each, "value": each})
    ),
    max_leaves=10,
)


def shape(value: Any) -> Any:
    """Return what two values have in common if they are equal and of the same types all through, in the same order."""
    kind = type(value)
    if kind is dict:
        return (kind, [(shape(key), shape(each)) for key, each in value.items()])
    if kind in (list, tuple):
        return (kind, [shape(each) for each in value])
    if kind in (set, frozenset):
        return (kind, sorted(map(repr, map(shape, value))))
    if isinstance(value, (dt.datetime, dt.time)) and value.tzinfo is None:
        # Without a time zone, it has no meaning.
        value = value.replace(fold=0)
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        return (kind, value.replace(tzinfo=None, fold=0), value.utcoffset(), type(value.tzinfo), str(value.tzinfo))
    return (kind, repr(value))


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 1


class Name(str):
    pass


class Zone(dt.tzinfo):
    def utcoffset(self, _: dt.datetime | None) -> dt.timedelta | None:
        return None

    tzname = dst = utcoffset  # type: ignore[assignment]


class Plain(dict[str, int]):
    pass


@dataclass
class Money:
    amount: Decimal
    currency: str


MONEY = TaggedType("money", Money, lambda money: [money.amount, money.currency], lambda parts: Money(*parts))
COLOR = TaggedType("color", Color, lambda color: color.value, Color)
Pair = namedtuple("Pair", "one other")


class TaggedJson(unittest.TestCase):
    @effort
    @given(_VALUES)
    def test_keeps_values_their_types_and_their_order(self, value: Any) -> None:
        data = TAGGED.encode(value)
        self.assertEqual(shape(TAGGED.decode(data)), shape(value))
        self.assertEqual(TAGGED.encode(TAGGED.decode(data)), data)

    @effort
    @given(_VALUES)
    def test_writes_json_whose_only_objects_with_the_tag_are_tags(self, value: Any) -> None:
        def check(found: Any) -> None:
            if isinstance(found, dict):
                if "$type" in found:
                    self.assertEqual(list(found), ["$type", "value"])
                    self.assertIs(type(found["$type"]), str)
                for each in found.values():
                    check(each)
            elif isinstance(found, list):
                for each in found:
                    check(each)

        check(json.loads(TAGGED.encode(value), parse_constant=self.fail))

    @effort
    @given(some.recursive(_JSON, lambda each: some.lists(each, max_size=3) | some.dictionaries(_TEXT, each, max_size=3)))
    def test_reads_all_json_and_writes_it_as_json_does(self, value: Any) -> None:
        text = json.dumps(value)
        if '"$type"' not in text:
            self.assertEqual(shape(TAGGED.decode(text.encode())), shape(value))
            self.assertEqual(json.loads(TAGGED.encode(value)), value)

    def test_writes_each_type_as_documented(self) -> None:
        at = dt.datetime(2026, 11, 26, 10, 0, 0, 500)
        cases: list[tuple[Any, Any]] = [
            ((1, "a"), {"$type": "tuple", "value": [1, "a"]}),
            ({3, 1, 2}, {"$type": "set", "value": [1, 2, 3]}),
            (frozenset("ba"), {"$type": "frozenset", "value": ["a", "b"]}),
            (b"\x00\xff", {"$type": "bytes", "value": "AP8="}),
            (at, {"$type": "datetime", "value": "2026-11-26T10:00:00.000500"}),
            (at.replace(tzinfo=dt.timezone.utc), {"$type": "datetime", "value": "2026-11-26T10:00:00.000500+00:00"}),
            (at.replace(tzinfo=BERLIN), {"$type": "datetime", "value": "2026-11-26T10:00:00.000500+01:00[Europe/Berlin]"}),
            (dt.date(2026, 11, 26), {"$type": "date", "value": "2026-11-26"}),
            (dt.time(10, 30), {"$type": "time", "value": "10:30:00"}),
            (dt.timedelta(seconds=-90.5), {"$type": "duration", "value": "-PT90.5S"}),
            (dt.timedelta(days=1), {"$type": "duration", "value": "PT86400S"}),
            (Decimal("1.10"), {"$type": "decimal", "value": "1.10"}),
            (UUID(int=7), {"$type": "uuid", "value": "00000000-0000-0000-0000-000000000007"}),
            (math.inf, {"$type": "float", "value": "inf"}),
            ({1: "a", "b": 2}, {"$type": "dict", "value": [[1, "a"], ["b", 2]]}),
            ({"$type": "tuple", "value": [1]}, {"$type": "dict", "value": [["$type", "tuple"], ["value", [1]]]}),
            ({"type": "tuple", "value": [1]}, {"type": "tuple", "value": [1]}),
        ]
        for value, written in cases:
            with self.subTest(value=value):
                self.assertEqual(json.loads(TAGGED.encode(value)), written)
        self.assertTrue(math.isnan(TAGGED.decode(TAGGED.encode(math.nan))))

    def test_tells_the_two_times_apart_at_which_clocks_are_set_back(self) -> None:
        for fold in (0, 1):
            value = dt.datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=BERLIN)
            read = TAGGED.decode(TAGGED.encode(value))
            self.assertEqual((read.fold, read.utcoffset(), read.tzinfo), (fold, value.utcoffset(), BERLIN))

    def test_reads_times_as_other_languages_write_them(self) -> None:
        read = TAGGED.decode(b'{"$type": "datetime", "value": "2026-11-26T10:00:00.000Z"}')
        self.assertEqual(read, dt.datetime(2026, 11, 26, 10, tzinfo=dt.timezone.utc))

    def test_reads_objects_that_are_no_tags_as_they_are(self) -> None:
        for value in ({"$type": "date"}, {"$type": 1, "value": 2}, {"$type": "date", "value": 1, "more": 2}):
            read = TAGGED.decode(json.dumps(value).encode())
            self.assertEqual(read, value)
            self.assertEqual(TAGGED.decode(TAGGED.encode(read)), value)

    def test_keeps_types_of_the_application(self) -> None:
        codec = TaggedJsonCodec(MONEY, COLOR)
        value = {"price": Money(Decimal("1.10"), "EUR"), "color": Color.RED}
        self.assertEqual(codec.decode(codec.encode(value)), value)
        self.assertIn(b'"color":{"$type":"color","value":"red"}', codec.encode(value))

    def test_refuses_types_that_are_ambiguous(self) -> None:
        for types in ([MONEY, MONEY], [TaggedType("date", Money, str, Money)], [TaggedType("money", dt.date, str, Money)]):  # type: ignore[arg-type]
            self.assertRaises(ValueError, TaggedJsonCodec, *types)
        for tag in ("dict", "set", "frozenset", "float"):
            self.assertRaises(ValueError, TaggedJsonCodec, TaggedType(tag, Color, str, Color))
        for kind in (dict, list, str, set, float, int, bool):
            self.assertRaises(ValueError, TaggedJsonCodec, TaggedType("mine", kind, str, kind))


class Refusals(unittest.TestCase):
    cycle: list[Any] = []
    cycle.append(cycle)
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    unknown_zone = dt.datetime(2026, 11, 26, tzinfo=Zone())

    def test_tell_what_to_do(self) -> None:
        tagged = TaggedJsonCodec()
        for codec, value, advice in (
            (None, (1,), "a tuple: .*TaggedJsonCodec"),
            (None, [{1}], "a set: .*TaggedJsonCodec"),
            (None, {"a": dt.date(2026, 1, 1)}, "a date: .*TaggedJsonCodec"),
            (None, Decimal(1), "a Decimal: .*TaggedJsonCodec"),
            (None, b"a", "a bytes: .*TaggedJsonCodec"),
            (None, {1: 1}, "key of type int.*TaggedJsonCodec"),
            (None, {None: 1}, "key of type NoneType"),
            (None, {Name("a"): 1}, "key of type Name"),
            (None, math.nan, "NaN.*TaggedJsonCodec"),
            (None, [math.inf], "infinity.*TaggedJsonCodec"),
            (None, Level.HIGH, r"Level.*convert it with int\(\)"),
            (None, Name("a"), r"Name.*convert it with str\(\)"),
            (None, OrderedDict(a=1), r"OrderedDict.*convert it with dict\(\)"),
            (None, defaultdict(int, a=1), r"defaultdict.*convert it with dict\(\)"),
            (None, Plain(a=1), r"Plain.*convert it with dict\(\)"),
            (None, Pair(1, 2), "Pair.*register"),
            (None, Color.RED, "Color.*register"),
            (None, object(), "object.*register"),
            (None, "\ud800", "surrogate"),
            (None, {"a": ["\udfff"]}, "surrogate"),
            (None, {"\ud800": 1}, "surrogate"),
            (None, self.cycle, "contains itself"),
            (None, self.deep, "nested too deeply"),
            (None, 10**5000, "digits"),
            (tagged, Color.RED, "Color.*register"),
            (tagged, {Level.HIGH: 1}, r"Level.*convert it with int\(\)"),
            (tagged, Pair(1, 2), "Pair.*register"),
            (tagged, "\ud800", "surrogate"),
            (tagged, self.cycle, "contains itself"),
            (tagged, self.deep, "nested too deeply"),
            (tagged, self.unknown_zone, "tzinfo of type Zone"),
        ):
            session = SessionClient("localhost:1", codec=codec).create()
            actions: list[Callable[[], Any]] = [
                partial(session.__setitem__, "key", value),
                partial(session.setdefault, "key", value),
                partial(session.update, key=value),
                partial(session.flash, value),
            ]
            for action in actions:
                with self.subTest(advice=advice), self.assertRaisesRegex(TypeError, advice) as raised:
                    action()
                self.assertIsNone(raised.exception.__context__)
                self.assertEqual((session.has_changes, len(session), session.flash_queues), (False, 0, ()))

    def test_of_what_is_no_codec(self) -> None:
        wrong: Any
        for wrong in (TaggedJsonCodec, "json", json, object()):
            self.assertRaises(TypeError, SessionClient, "localhost:1", codec=wrong)

    def test_of_a_codec_that_returns_no_bytes(self) -> None:
        class Odd:
            def encode(self, value: Any) -> bytes:
                return value  # type: ignore[no-any-return]

            def decode(self, data: bytes) -> Any:
                return data

        session = SessionClient("localhost:1", codec=Odd()).create()
        for value in ("text", b"", None):
            self.assertRaises(TypeError, session.__setitem__, "key", value)
        session["key"] = b"1"

    def test_unknown_tags_are_unreadable(self) -> None:
        for text in (b'{"$type":"money","value":1}', b'{"$type":"date","value":"soon"}', b'{"$type":"set","value":[[]]}'):
            with self.assertRaises((TypeError, ValueError)):
                TAGGED.decode(text)


class Errors(unittest.TestCase):
    def test_can_be_pickled(self) -> None:
        import pickle

        error = SessionError("DRAINING", "a message")
        error.metadata = {"a": "b"}
        copy = pickle.loads(pickle.dumps(error))
        self.assertEqual((str(copy), copy.code, copy.metadata, copy.status), (str(error), "DRAINING", {"a": "b"}, 503))
