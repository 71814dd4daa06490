"""The order of keys, from the sidecar and back."""

from __future__ import annotations

from typing import Any
from unittest import TestSuite

from fake_sidecar import WHOLE, FakeSidecar
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api
from support import ClientTest, in_every_mode

KEYS = [f"key {number * 7919 % 101}" for number in range(40)]


def encoded(keys: list[str], **more: Any) -> bytes:
    """Return a GetSessionResponse as the sidecar sends it: with the entries of the map in order."""
    session = messages.Session(handle="0123456789abcdefghijkl", version=1)
    text: bytes = session.SerializeToString() + b"".join(messages.Session(data={key: b"1"}).SerializeToString() for key in keys)
    length = len(text)
    size = b""
    while length > 127:
        size += bytes([length & 127 | 128])
        length >>= 7
    terms: bytes = api.GetSessionResponse(**more).SerializeToString()
    return b"\x0a" + size + bytes([length]) + text + terms


class Sidecar:
    """Applies mutations to its keys, as the real one does."""

    def __init__(self) -> None:
        self.keys = dict.fromkeys(KEYS)

    def __call__(self, call: Any) -> Any:
        if call.method == "GetSession":
            return encoded(list(self.keys), etag=b"etag", live_ms=60_000)
        if call.method != "UpdateSession":
            return WHOLE[call.method]
        for mutation in call.request.mutations:
            if mutation.HasField("delete"):
                self.keys.pop(mutation.delete.key, None)
            else:
                self.keys[mutation.set.key] = None
        results = [{"applied": True}] * len(call.request.mutations)
        return api.UpdateSessionResponse(version=2, results=results, etag=b"etag 2", live_ms=60_000)


class Order(ClientTest):
    def test_keys_have_the_order_in_which_the_sidecar_sends_them(self) -> None:
        with FakeSidecar(Sidecar()) as fake, self.patient(fake) as client:
            session = client.open("token")
            self.assertEqual(list(session), KEYS)
            self.assertEqual(list(reversed(session)), KEYS[::-1])
            self.assertEqual(session.popitem(), (KEYS[-1], 1))

    def test_the_sidecar_has_them_in_the_order_of_the_dictionary(self) -> None:
        def push_to_the_end(session: Any) -> None:
            session[KEYS[0]] = session.pop(KEYS[0])

        def set_new(session: Any) -> None:
            session["one"] = 1
            session["two"] = 2
            session["one"] = 3

        def move_among_new(session: Any) -> None:
            del session[KEYS[3]]
            session["one"] = 1
            session[KEYS[3]] = 2
            session["two"] = 3
            session[KEYS[3]] = 4

        def set_again(session: Any) -> None:
            session["one"] = 1
            session["two"] = 1
            del session["one"]
            session["one"] = 1
            session[KEYS[5]] = 2

        def remove_twice(session: Any) -> None:
            for value in (1, 2):
                del session[KEYS[5]]
                session[KEYS[5]] = value
            session["one"] = 1
            del session[KEYS[5]]

        for change in (push_to_the_end, set_new, move_among_new, set_again, remove_twice):
            for options in ({}, {"cache_bytes": 1 << 20}):
                sidecar = Sidecar()
                with self.subTest(change=change.__name__), FakeSidecar(sidecar) as fake, self.patient(fake, **options) as client:
                    session = client.open("0123456789abcdefghijkl.secret")
                    change(session)
                    session.save()
                    self.assertEqual(list(sidecar.keys), list(session))
                    self.assertEqual(list(client.open("0123456789abcdefghijkl.secret")), list(session))
                    self.assertFalse(session.has_changes)


def load_tests(_loader: object, _tests: object, _pattern: object) -> TestSuite:
    return in_every_mode(Order)
