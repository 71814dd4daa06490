"""What the tests of the client share."""

from __future__ import annotations

import time
import unittest
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import grpc
from fake_sidecar import FakeSidecar, Stream
from modes import MODES, connect
from session_sidecar import SessionError

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
SECRET = "s3cret-api-token"


class ClientTest(unittest.TestCase):
    """A test of the client in one mode. in_every_mode() makes a subclass for each mode."""

    mode = ""

    def patient(self, fake: FakeSidecar, **options: Any) -> Any:
        """Return a client whose calls may take long on a busy machine."""
        return connect(self.mode, fake.address, timeout=30, **options)

    def connect(self, address: str, **options: Any) -> Any:
        return connect(self.mode, address, **options)


def in_every_mode(
    *cases: type[ClientTest], modes: Iterable[str] = MODES, once: Iterable[type[unittest.TestCase]] = ()
) -> unittest.TestSuite:
    """Return the tests of cases for each mode.

    once: cases that do not depend on the mode.
    """
    load = unittest.defaultTestLoader.loadTestsFromTestCase
    named = [type(f"{case.__name__} ({mode})", (case,), {"mode": mode}) for mode in modes for case in cases]
    return unittest.TestSuite(map(load, [*named, *once]))


def code_of(action: Callable[[], Any]) -> str:
    """Return the code of the SessionError that an action raises, or an empty string."""
    try:
        action()
    except SessionError as error:
        return error.code
    return ""


def until(what: str, condition: Callable[[], Any], seconds: float = 30) -> Any:
    """Wait until a condition is true, and return its value."""
    end = time.monotonic() + seconds
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"timed out waiting for {what}")
        time.sleep(0.005)
    return result


def in_background(action: Callable[[], Any]) -> Future[Any]:
    """Run an action in a thread. The result is what code_of() returns for it."""
    executor = ThreadPoolExecutor(1)
    future = executor.submit(code_of, action)
    executor.shutdown(wait=False)
    return future


def never(_stream: Stream, _call: Any) -> None:
    """An on_call that answers no call."""
