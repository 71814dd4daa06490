"""Fuzzes what the Python client makes of a sidecar's answers.

Whatever a sidecar answers, every call returns or raises a SessionError of a known code.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import atheris

with atheris.instrument_imports(include=["session_sidecar"]):
    import session_sidecar
    from session_sidecar import Session, SessionClient, SessionError
    from session_sidecar.transport import transport
    from session_sidecar.transport.pipeline.calls import Call
    from session_sidecar.transport.pipeline.http2 import Http2Stream, StreamStatus

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from session_sidecar_proto.session.v1 import pipeline_pb2 as frames
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

_TEXTS = [b"1", b'"x"', b"[1]", b"{}", b"null", b"", b"[", b"\xff", b'{"a":', b"1e999", b'"\\ud800"', b"[" * 100_000]
_TEXTS += [b"NaN", b'["\\ud800"]', b"[1e999]", b"[NaN]"]
_REASONS = ["SESSION_NOT_FOUND", "TOKEN_INVALID", "VERSION_MISMATCH", "DRAINING", "OVERLOADED", "INVALID_ARGUMENT", "", "NEW"]
_CODES = list(grpc.StatusCode)[1:]


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


class _Method(grpc.UnaryUnaryMultiCallable):  # type: ignore[misc]
    def __init__(self, path: str, deserialize: Callable[[bytes], Any] | None) -> None:
        self._name = path.rsplit("/", 1)[-1]
        self._deserialize = deserialize

    def __call__(self, request: Any, *_options: Any, **_more: Any) -> Any:
        return self.with_call(request)[0]

    def with_call(self, request: Any, *_options: Any, **_more: Any) -> Any:
        if self._deserialize is None:
            return b"", Failure(grpc.StatusCode.OK, "", ())  # Not one of the API.
        try:
            return self._deserialize(_answer(self._name, request)), Failure(grpc.StatusCode.OK, "", ())
        except DecodeError:
            raise Failure(grpc.StatusCode.INTERNAL, "Exception deserializing response!", None) from None

    def future(self, *_options: Any, **_more: Any) -> Any:
        raise NotImplementedError


class _Channel(grpc.Channel):  # type: ignore[misc]
    """Takes the place of the network."""

    def unary_unary(
        self, method: str, _serialize: Any = None, response_deserializer: Any = None, *_options: Any, **more: Any
    ) -> _Method:
        return _Method(method, response_deserializer)

    def _not_called(self, *_options: Any, **_more: Any) -> None: ...

    unary_stream = stream_unary = stream_stream = _not_called

    def subscribe(self, *_options: Any, **_more: Any) -> None: ...

    def unsubscribe(self, *_options: Any, **_more: Any) -> None: ...

    def close(self) -> None: ...

    def __enter__(self) -> _Channel:
        return self

    def __exit__(self, *_: object) -> None: ...


class _Pipeline:
    """Takes the place of the stream."""

    is_supported = True

    def __init__(self, *_options: Any) -> None: ...

    def send(self, method: str, request: Any, deadline: float) -> Any:
        call = Call(method, request, deadline, lambda: None)
        reply = frames.PipelineReply(id=1)
        try:
            reply.response = _answer(method, request)
        except Failure as failure:
            details = dict(failure.trailing_metadata())["grpc-status-details-bin"]
            try:
                reply.error.ParseFromString(details)
            except DecodeError:
                reply.ClearField("outcome")
        call.end(reply)
        return call.response()

    def close(self) -> None: ...


class _Listener:
    """Of a stream whose bytes come from the input. Nothing may follow its end."""

    has_ended = False

    def on_open(self) -> None:
        assert not self.has_ended

    def on_message(self, _message: bytes) -> None:
        assert not self.has_ended

    def on_goaway(self) -> None:
        assert not self.has_ended

    def on_end(self, _status: StreamStatus) -> None:
        assert not self.has_ended
        self.has_ended = True


def _receive(data: bytes) -> None:
    """Any bytes end a stream, or are waited for; they raise nothing."""
    stream = Http2Stream("localhost", (), _Listener())
    for part in (data[: len(data) // 2], data[len(data) // 2 :]):
        stream.receive(part)
        stream.output()


def _answer(method: str, request: Any) -> bytes:
    reply = getattr(api, f"{method}Response")()
    dice = script.below(16)
    if dice < 10:
        _fill(request, reply)
    if dice in (11, 12, 13):
        raise _failure()
    if dice == 14:
        details = (("grpc-status-details-bin", script.take(script.below(64))),)
        raise Failure(_CODES[script.below(len(_CODES))], None, details)
    text: bytes = reply.SerializeToString()
    # Decoded after the rest, and merged with it.
    return text + script.take(script.below(128)) if 6 <= dice < 11 else text


def _session() -> Any:
    session = messages.Session(handle="h", csrf_token="c", version=script.below(3))
    for key in ("a", "b", "list")[: script.below(4)]:
        session.data[key] = script.text()
    for _ in range(script.below(3)):
        session.flash_queues.add(name="", message_count=1)
    _stamp(session)
    return session


def _stamp(message: Any) -> None:
    kind = script.below(4)
    if kind == 1:
        message.expires.seconds = 1
    elif kind == 2:
        message.expires.seconds, message.expires.nanos = 1 << 62, -1


def _fill(request: Any, reply: Any) -> None:
    """An answer as it should be, except that mutations and results need not be as many."""
    fields = reply.DESCRIPTOR.fields_by_name
    if "session" in fields:
        reply.session.CopyFrom(_session())
    if "expires" in fields:
        _stamp(reply)
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


def _failure() -> Failure:
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


def _change_inside(session: Session) -> None:
    value = session.get("list")
    if isinstance(value, list):
        value[:] = [1]  # Whatever it held; what cannot be written back may be refused.


_STEPS: list[Callable[[Session], Any]] = [
    lambda session: session.save(),
    lambda session: session.update(a=1),
    lambda session: session.setdefault("b", [1]),
    lambda session: session.pop("a", None),
    lambda session: session.clear(),
    lambda session: session.flash("hello", allow_duplicate=False),
    lambda session: session.peek_flash(),
    lambda session: session.pop_flash(),
    lambda session: session.csrf_token(),
    lambda session: session.new_csrf_token(),
    lambda session: session.check_csrf_token("c"),
    lambda session: session.regenerate(),
    lambda session: session.invalidate(),
    lambda session: setattr(session, "subject", "ada"),
    lambda session: session.set_idle_timeout(timedelta(hours=1)),
    lambda session: session.transform("list", lambda _value: [1]),
    lambda session: session.popitem() if session else None,
    _change_inside,
]


def _attempt(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except SessionError as error:
        assert error.code in session_sidecar.errors.HTTP_STATUS, f"no code of docs/reference/errors.md: {error.code}"
        return None


def _read_all(session: Session) -> None:
    for key in list(session):
        _attempt(partial(session.__getitem__, key))
    _attempt(lambda: (session.token, session.handle, session.version, session.subject, session.is_new))
    _attempt(lambda: session.created)
    _attempt(lambda: session.expires)
    _attempt(lambda: session.has_changes)


def test_one_input(data: bytes) -> None:
    global script
    script = Script(data)
    _receive(data)
    client = clients[script.below(2)]
    session = _attempt(lambda: client.open((None, "t")[script.below(2)]))
    for _ in range(8):
        if session is None or script.is_over:
            return
        step = _STEPS[script.below(len(_STEPS))]
        _attempt(partial(step, session))
        _read_all(session)


script = Script(b"")
grpc.insecure_channel = lambda *_arguments, **_options: _Channel()
# Short, because some answers ask for another attempt later.
transport.ThreadedPipeline = _Pipeline  # type: ignore[assignment, attr-defined]
clients = [SessionClient("localhost:1", timeout=0.02, transport=kind) for kind in ("unary", "pipeline")]  # type: ignore[arg-type]

if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
