"""Operations that call the sidecar, written once for callers that block and callers that await.

A plan is a generator. It yields the calls and pauses that it needs, and its caller performs them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeVar

Result = TypeVar("Result")
Step = TypeVar("Step")


class CallStep(NamedTuple):
    """A call. The plan continues with the response, or with a SessionError raised."""

    method: str
    request: Any


class PauseStep(NamedTuple):
    """A pause before the plan continues."""

    seconds: float


Plan = Generator[CallStep | PauseStep, Any, Result]


def run(plan: Plan[Result], call: Callable[[str, Any], Any]) -> Result:
    """Run a plan with calls that block, and return its result."""

    def perform(step: CallStep | PauseStep) -> Any:
        return time.sleep(step.seconds) if isinstance(step, PauseStep) else call(step.method, step.request)

    return drive(plan, perform)


async def run_async(plan: Plan[Result], call: Callable[[str, Any], Awaitable[Any]]) -> Result:
    """Run a plan with calls that are awaited, and return its result."""

    def perform(step: CallStep | PauseStep) -> Awaitable[Any]:
        return asyncio.sleep(step.seconds) if isinstance(step, PauseStep) else call(step.method, step.request)

    return await drive_async(plan, perform)


def drive(generator: Generator[Step, Any, Result], perform: Callable[[Step], Any]) -> Result:
    """Perform each step that a generator yields, which goes on with the result or the exception, and return its result."""
    answer: Any = None
    failure: Exception | None = None
    while True:
        try:
            step = generator.send(answer) if failure is None else generator.throw(failure)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            # An error that is raised here would refer to itself by this frame.
            answer, failure = None, None
        try:
            answer = perform(step)
        except Exception as error:
            failure = error


async def drive_async(generator: Generator[Step, Any, Result], perform: Callable[[Step], Awaitable[Any]]) -> Result:
    """As drive(), for steps that are awaited."""
    answer: Any = None
    failure: Exception | None = None
    while True:
        try:
            step = generator.send(answer) if failure is None else generator.throw(failure)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            # An error that is raised here would refer to itself by this frame.
            answer, failure = None, None
        try:
            answer = await perform(step)
        except Exception as error:
            failure = error
