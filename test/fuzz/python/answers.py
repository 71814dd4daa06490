"""Answers of a sidecar that the bytes of an input decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc import error_details_pb2, status_pb2
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

_TEXTS = [b"1", b'"x"', b"[1]", b"{}", b"null", b"", b"[", b"\xff", b'{"a":', b"1e999", b'"\\ud800"', b"[" * 100_000]
_TEXTS += [b"NaN", b'["\\ud800"]', b"[1e999]", b"[NaN]"]
_REASONS = ["SESSION_NOT_FOUND", "TOKEN_INVALID", "VERSION_MISMATCH", "DRAINING", "OVERLOADED", "INVALID_ARGUMENT", "", "NEW"]
_CODES = list(grpc.StatusCode)[1:]
# The ends of what JavaScript, a field of the API and a date can hold.
_NUMBERS = [-1, 2**53 - 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63)]
_SECONDS = [0, -1, 253_402_300_799, 253_402_300_800, -62_135_596_800, -62_135_596_801, 315_576_000_000, *_NUMBERS]
_NANOS = [0, 999_999_999, 10**9, -1, 2**31 - 1, -(2**31)]
_TIMES = ["created", "accessed", "expires", "idle_timeout"]


class Script:
    """Makes decisions out of an input's bytes. When they are used up, every decision is the first one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def is_over(self) -> bool:
        return self._at >= len(self._data)

    def below(self, limit: int) -> int:
        choice = 0 if self.is_over else self._data[self._at]
        self._at += 1
        return choice % limit

    def one_of(self, choices: Sequence[Any]) -> Any:
        return choices[self.below(len(choices))]

    def take(self, length: int) -> bytes:
        taken = self._data[self._at : self._at + length]
        self._at += length
        return taken

    def text(self) -> bytes:
        return _TEXTS[self.below(len(_TEXTS))]


class Failure(grpc.RpcError, grpc.Call):  # type: ignore[misc]
    """What grpc raises, with the three things that the client asks of it."""

    def __init__(self, code: grpc.StatusCode, details: str | None, metadata: Any) -> None:
        self._parts = (code, details, metadata)

    def code(self) -> grpc.StatusCode:
        return self._parts[0]

    def details(self) -> str | None:
        return self._parts[1]

    def trailing_metadata(self) -> Any:
        return self._parts[2]

    def initial_metadata(self) -> Any:
        return ()

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> None:
        return None

    def cancel(self) -> bool:
        return False

    def add_callback(self, _callback: Any) -> bool:
        return False


def answer(script: Script, method: str, request: Any) -> bytes:
    """Return the encoded response to a request, or raise Failure."""
    reply = getattr(api, f"{method}Response")()
    dice = script.below(16)
    if dice < 10:
        _fill(script, request, reply)
    if dice in (11, 12, 13):
        raise _failure(script)
    if dice == 14:
        details = (("grpc-status-details-bin", script.take(script.below(64))),)
        raise Failure(_CODES[script.below(len(_CODES))], None, details)
    text: bytes = reply.SerializeToString()
    # Decoded after the rest, and merged with it.
    return text + script.take(script.below(128)) if 6 <= dice < 11 else text


def _session(script: Script) -> Any:
    session = messages.Session(handle="h", csrf_token="c", version=_version(script))
    for key in ("a", "b", "list")[: script.below(4)]:
        session.data[key] = script.text()
    for _ in range(script.below(3)):
        session.flash_queues.add(name="", message_count=1)
    _stamp(script, session)
    return session


def _version(script: Script) -> int:
    version = script.below(3)
    return script.one_of(_NUMBERS) if version == 2 else version


def _stamp(script: Script, message: Any) -> None:
    kind = script.below(4)
    if kind == 1:
        message.expires.seconds = 1
    elif kind == 2:
        message.expires.seconds, message.expires.nanos = 1 << 62, -1
    elif kind == 3:
        fields = [each for each in _TIMES if each in message.DESCRIPTOR.fields_by_name]
        time = getattr(message, script.one_of(fields))
        time.seconds, time.nanos = script.one_of(_SECONDS), script.one_of(_NANOS)


def _fill(script: Script, request: Any, reply: Any) -> None:
    """An answer as it should be, except that mutations and results need not be as many."""
    fields = reply.DESCRIPTOR.fields_by_name
    if "session" in fields:
        reply.session.CopyFrom(_session(script))
    if "expires" in fields:
        _stamp(script, reply)
    for name in ("token", "csrf_token"):
        if name in fields:
            setattr(reply, name, "t")
    if "version" in fields:
        reply.version = 2
    if "results" in fields:
        for _ in range(len(request.mutations) + (0, 0, 0, 0, 0, 0, -1, 1)[script.below(8)]):
            reply.results.add(applied=script.below(2) == 0, value=script.text())
    if "messages" in fields:
        reply.messages.extend([script.text()])


def _failure(script: Script) -> Failure:
    status = status_pb2.Status(code=script.below(20), message="made up")
    for _ in range(script.below(4)):
        detail: Any = (
            error_details_pb2.ErrorInfo(domain="session.v1", reason=_REASONS[script.below(len(_REASONS))]),
            error_details_pb2.BadRequest(field_violations=[{"field": "a"}]),
            error_details_pb2.RetryInfo(retry_delay={"nanos": 1}),
            error_details_pb2.RetryInfo(retry_delay={"seconds": 1 << 60}),
            error_details_pb2.ErrorInfo(domain="elsewhere"),
        )[script.below(5)]
        packed = AnyMessage()
        packed.Pack(detail)
        if script.below(4) == 3:
            packed.value = script.take(script.below(32))
        status.details.append(packed)
    metadata = (("grpc-status-details-bin", status.SerializeToString()),)
    return Failure(_CODES[script.below(len(_CODES))], "made up", metadata)
