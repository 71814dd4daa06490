"""Operations that call the sidecar, written once for callers that block and callers that await.

A plan is a generator. It yields the calls and pauses that it needs, and its caller performs them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, NamedTuple, TypeVar

from .errors import SessionError

Result = TypeVar("Result")


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
    answer: Any = None
    failure: SessionError | None = None
    while True:
        try:
            step = plan.send(answer) if failure is None else plan.throw(failure)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer, failure = None, None
        if isinstance(step, PauseStep):
            time.sleep(step.seconds)
            continue
        try:
            answer = call(step.method, step.request)
        except SessionError as error:
            failure = error


async def run_async(plan: Plan[Result], call: Callable[[str, Any], Awaitable[Any]]) -> Result:
    """Run a plan with calls that are awaited, and return its result."""
    answer: Any = None
    failure: SessionError | None = None
    while True:
        try:
            step = plan.send(answer) if failure is None else plan.throw(failure)
        except StopIteration as end:
            result: Result = end.value
            return result
        answer, failure = None, None
        if isinstance(step, PauseStep):
            await asyncio.sleep(step.seconds)
            continue
        try:
            answer = await call(step.method, step.request)
        except SessionError as error:
            failure = error
