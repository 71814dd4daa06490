"""The sidecar of a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from .command import find_command
from .control import call
from .launch import LaunchedSidecar

_ADDRESS_VARIABLE = "SESSION_SIDECAR_TEST_ADDRESS"


class Sidecar:
    """A sidecar that tests use and control. Its sessions are in its memory. As a context manager, it ends with the block.

    address: for SessionClient or an integration.
    """

    def __init__(self, address: str, stop: Callable[[], None]) -> None:
        self.address = address
        self._stop = stop

    def advance(self, time: timedelta) -> datetime:
        """Move the clock that decides when sessions expire, and return the time on it.

        It goes on from there. The clock of the application does not move. Raises ValueError for a negative time.
        """
        if time < timedelta():
            raise ValueError(f"Expected a time from 0 up, got {time!r}")
        duration = Duration()
        duration.FromTimedelta(time)
        reply = call(self.address, "AdvanceClock", duration.SerializeToString())
        now: datetime = Timestamp.FromString(reply).ToDatetime(timezone.utc)
        return now

    def now(self) -> datetime:
        """Return the time on the clock of the sidecar."""
        return self.advance(timedelta())

    def reset(self) -> None:
        """End all sessions, and set the clock to the real time, as after a start. Takes a few milliseconds at most."""
        call(self.address, "Reset", b"")

    def stop(self) -> None:
        """End the sidecar, unless it was joined. Without this, it ends with the process that has started it."""
        self._stop()

    def __enter__(self) -> Sidecar:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_sidecar(settings: Mapping[str, str] | None = None, command: Sequence[str] | None = None) -> Sidecar:
    """Start a sidecar of its own for each caller, or join the one at SESSION_SIDECAR_TEST_ADDRESS.

    settings: settings of the sidecar without their prefix, for example {"IDLE_TIMEOUT": "30m"}. Default: those of production;
        variables of this process do not count.
    command: the program to run and its arguments. Default: the words of SESSION_SIDECAR_TEST_COMMAND, the npm package
        @session-sidecar/server in a node_modules of the working directory or above it, or session-sidecar on the PATH.

    Raises ValueError for options that are not valid, and RuntimeError that says why there is no sidecar.
    """
    if joined := os.environ.get(_ADDRESS_VARIABLE):
        if settings:
            names = ", ".join(settings)
            raise ValueError(f"settings cannot be applied to the sidecar that {_ADDRESS_VARIABLE} names: {names}")
        sidecar = Sidecar(joined, lambda: None)
    else:
        if command is not None and not command:
            raise ValueError("Expected command to name a program, got an empty list")
        launched = LaunchedSidecar(command or find_command(os.environ, Path.cwd()), settings or {})
        sidecar = Sidecar(launched.address, launched.stop)
    try:
        sidecar.now()
    except (RuntimeError, ValueError) as cause:
        sidecar.stop()
        if joined:
            raise RuntimeError(f"{_ADDRESS_VARIABLE}: {cause}") from cause
        raise
    return sidecar
