"""What performs the steps of plans."""

from __future__ import annotations

import asyncio
import gc
import unittest
import weakref
from collections.abc import Generator
from contextlib import suppress
from typing import Any

from session_sidecar.plans import drive, drive_async


class Failure(Exception):
    pass


class Perform:
    """Fails, and knows whether its error still exists."""

    error: weakref.ref[Failure]

    def __call__(self, step: str) -> Any:
        failure = Failure(step)
        self.error = weakref.ref(failure)
        try:
            raise failure
        finally:
            # The error refers to this frame.
            del failure

    async def awaited(self, step: str) -> Any:
        self(step)


def steps(is_handled: bool) -> Generator[str, Any, str]:
    try:
        yield "step"
    except Failure as error:
        if is_handled:
            return f"handled {error}"
        raise
    return "unreachable"


class Driving(unittest.TestCase):
    def test_gives_errors_to_the_plan(self) -> None:
        self.assertEqual(drive(steps(is_handled=True), Perform()), "handled step")
        self.assertEqual(asyncio.run(drive_async(steps(is_handled=True), Perform().awaited)), "handled step")

    def test_leaves_nothing_of_an_error_for_the_garbage_collector(self) -> None:
        gc.disable()
        self.addCleanup(gc.enable)
        perform = Perform()
        with suppress(Failure):
            drive(steps(is_handled=False), perform)
        self.assertIsNone(perform.error())

        async def fail() -> Any:
            with suppress(Failure):
                await drive_async(steps(is_handled=False), perform.awaited)
            return perform.error()

        self.assertIsNone(asyncio.run(fail()))


if __name__ == "__main__":
    unittest.main()
