"""What a request does with its session, written once for code that blocks and code that awaits.

Steps are a generator. It yields the calls that it needs, as functions without arguments, and its caller performs them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from ..plans import Result, drive, drive_async

Steps = Generator[Callable[[], Any], Any, Result]


def run_steps(steps: Steps[Result]) -> Result:
    """Run steps whose functions block, and return their result."""
    return drive(steps, lambda call: call())


async def run_steps_async(steps: Steps[Result]) -> Result:
    """Run steps whose functions return something to await, and return their result."""
    return await drive_async(steps, lambda call: call())
