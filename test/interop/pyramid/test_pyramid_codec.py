"""Values of types that JSON does not have, which the former libraries pickled."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

from pyramid_world import ADDRESS, PyramidTest
from session_sidecar import SessionClient, SessionError
from session_sidecar.codecs import TaggedJsonCodec, TaggedType


class Point:
    """A class of the application."""

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


CODEC = TaggedJsonCodec(TaggedType("point", Point, lambda point: [point.x, point.y], lambda found: Point(*found)))

VALUES: dict[str, Any] = {
    "tuple": (1, "two"),
    "set": {1, 2},
    "bytes": b"\x00\xff",
    "datetime": datetime(2026, 11, 26, 20, 0, tzinfo=timezone.utc),
    "naive": datetime(2026, 11, 26, 20, 0),
    "date": date(2026, 11, 26),
    "timedelta": timedelta(seconds=90.5),
    "decimal": Decimal("19.90"),
    "uuid": UUID(int=7),
    "int keys": {1: "one"},
    "json": {"a": [1, 2.5, None, True, "ü"]},
}


class Values(PyramidTest):
    def test_keep_their_types(self) -> None:
        found: dict[str, Any] = {}

        def page(request: Any) -> dict[str, Any]:
            if request.session.new:
                request.session.update(VALUES)
                request.session.flash(VALUES["datetime"])
            else:
                found.update(request.session)
                found["flash"] = request.session.pop_flash()
            return {}

        visitor = self.serve(page)
        visitor.get()
        visitor.get()
        self.assertEqual(found, VALUES | {"flash": [VALUES["datetime"]]})
        self.assertEqual([type(found[name]) for name in VALUES], [type(value) for value in VALUES.values()])

    def test_of_json_are_read_by_every_client(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session["json"] = VALUES["json"]
            return {}

        visitor = self.serve(page)
        visitor.get()
        self.assertEqual(self.stored(visitor.token)["json"], VALUES["json"])

    def test_of_other_types_are_kept_by_the_codec_of_the_settings(self) -> None:
        found: list[Any] = []

        def page(request: Any) -> dict[str, Any]:
            request.session.setdefault("point", Point(1, 2))
            found.append(request.session["point"])
            return {}

        visitor = self.serve(page, codec="test_pyramid_codec.CODEC")
        visitor.get()
        visitor.get()
        self.assertEqual([(type(each), each.x, each.y) for each in found], [(Point, 1, 2)] * 2)
        self.assertIsNot(found[0], found[1])

    def test_that_cannot_be_read_are_an_error(self) -> None:
        class Bytes:
            def encode(self, value: Any) -> bytes:
                return b"no JSON"

            def decode(self, data: bytes, /) -> Any:
                return data

        with SessionClient(ADDRESS, timeout=30, codec=Bytes()) as client:
            session = client.create()
            session["a"] = "b"
            session.save()
        seen: list[Any] = []

        def page(request: Any) -> dict[str, Any]:
            request.session["a"]
            return {}

        visitor = self.serve(
            page, lambda config: config.add_exception_view(seen_error(seen), context=SessionError, renderer="json")
        )
        visitor.cookies = {"session": str(session.token)}
        visitor.get()
        self.assertEqual(seen, ["VALUE_UNREADABLE"])


def seen_error(seen: list[Any]) -> Any:
    def view(error: SessionError, request: Any) -> dict[str, Any]:
        seen.append(error.code)
        return {}

    return view
