"""The types of Python's standard library that TaggedJsonCodec keeps."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from .codec import UnfitValue
from .tagged_type import TaggedType

_DURATION = re.compile(r"(-?)PT([0-9]+)(?:\.([0-9]{1,6}))?S")
_MICROSECOND = timedelta(microseconds=1)


def _datetime_text(value: datetime) -> str:
    """Return ISO 8601, with the name of the time zone as in RFC 9557: 2026-11-26T10:00:00+01:00[Europe/Berlin]."""
    zone = value.tzinfo
    if type(zone) is ZoneInfo and zone.key:
        return f"{value.isoformat()}[{zone.key}]"
    _check_offset(value)
    return value.isoformat()


def _datetime_of(text: str) -> datetime:
    text, _, name = text.partition("[")
    value = datetime.fromisoformat(_with_offset(text))
    if not name:
        return value
    local = value.replace(tzinfo=ZoneInfo(name.removesuffix("]")))
    # Of the two meanings of a time at which clocks are set back, the one with this offset.
    return local if local.utcoffset() == value.utcoffset() else local.replace(fold=1)


def _time_text(value: time) -> str:
    _check_offset(value)
    return value.isoformat()


def _check_offset(value: datetime | time) -> None:
    zone = value.tzinfo
    if zone is not None and type(zone) is not timezone:
        raise UnfitValue(f"a {type(value).__name__} with a tzinfo of type {type(zone).__name__}: use datetime.timezone")


def _with_offset(text: str) -> str:
    # Python 3.10 does not know the Z, which other languages write.
    return text.removesuffix("Z") + "+00:00" if text.endswith("Z") else text


def _duration_text(value: timedelta) -> str:
    """Return ISO 8601, in seconds: -PT90.5S."""
    microseconds = value // _MICROSECOND
    seconds, rest = divmod(abs(microseconds), 10**6)
    fraction = f".{rest:06}".rstrip("0") if rest else ""
    return f"{'-' if microseconds < 0 else ''}PT{seconds}{fraction}S"


def _duration_of(text: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError("no duration in seconds")
    sign, seconds, fraction = match.groups()
    value = timedelta(seconds=int(seconds), microseconds=int((fraction or "").ljust(6, "0")))
    return -value if sign else value


STANDARD_TYPES: tuple[TaggedType[Any], ...] = (
    TaggedType("tuple", tuple, list, tuple),
    TaggedType("bytes", bytes, lambda value: b64encode(value).decode(), lambda text: b64decode(text, validate=True)),
    TaggedType("datetime", datetime, _datetime_text, _datetime_of),
    TaggedType("date", date, date.isoformat, date.fromisoformat),
    TaggedType("time", time, _time_text, lambda text: time.fromisoformat(_with_offset(text))),
    TaggedType("duration", timedelta, _duration_text, _duration_of),
    TaggedType("decimal", Decimal, str, Decimal),
    TaggedType("uuid", UUID, str, UUID),
)
