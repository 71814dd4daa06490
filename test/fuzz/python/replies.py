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
    from session_sidecar.transport.pipeline.http2 import Http2Stream, StreamStatus

import grpc
import network
from answers import Script, answer


class Listener:
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
    stream = Http2Stream("localhost", (), Listener())
    for part in (data[: len(data) // 2], data[len(data) // 2 :]):
        stream.receive(part)
        stream.output()


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
    _attempt(lambda: session.idle_timeout)
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
network.answer_with(lambda method, request: answer(script, method, request))
grpc.insecure_channel = lambda *_arguments, **_options: network.Channel()
# Short, because some answers ask for another attempt later.
transport.ThreadedPipeline = network.Pipeline  # type: ignore[assignment, attr-defined]
clients = [SessionClient("localhost:1", timeout=0.02, transport=kind) for kind in ("unary", "pipeline")]  # type: ignore[arg-type]

if __name__ == "__main__":
    atheris.Setup(sys.argv, test_one_input)
    atheris.Fuzz()
