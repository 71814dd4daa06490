"""What a request does with its session, written once for code that blocks and code that awaits.

Steps are a generator. It yields the calls that it needs, as functions without arguments, and its caller performs them.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Result = TypeVar("Result")
Steps = Generator[Callable[[], Any], Any, Result]


def run_steps(steps: Steps[Result]) -> Result:
    """Run steps whose functions block, and return their result."""
    answer: Any = None
    failure: Exception | None = None
    while True:
        try:
            call = steps.send(answer) if failure is None else steps.throw(failure)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer, failure = None, None
        try:
            answer = call()
        except Exception as error:
            failure = error


async def run_steps_async(steps: Steps[Result]) -> Result:
    """Run steps whose functions return something to await, and return their result."""
    answer: Any = None
    failure: Exception | None = None
    while True:
        try:
            call = steps.send(answer) if failure is None else steps.throw(failure)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer, failure = None, None
        try:
            answer = await call()
        except Exception as error:
            failure = error
