"""The load, as in bench/src/closed-loop.ts, with a thread for each operation in flight."""

from __future__ import annotations

import itertools
import math
import resource
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any


def run_round(options: dict[str, Any], first: int, operation: Callable[[int, bool], None]) -> dict[str, Any]:
    """Perform operations, beginning with the number first."""
    numbers = itertools.count(first)  # Threads share it, because next() is atomic.
    last = first + options.get("operations", math.inf) - 1
    latencies: list[list[int]] = []
    failures: list[str] = []
    cpu = cpu_seconds()
    begin = time.perf_counter_ns()
    end = begin + options["milliseconds"] * 1e6

    def work() -> None:
        own: list[int] = []
        latencies.append(own)
        before = time.perf_counter_ns()
        while before < end:
            i = next(numbers)
            if i > last:
                return
            try:
                operation(i, is_write(i, options["writeShare"]))
                after = time.perf_counter_ns()
                own.append(after - before)
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}")
                after = time.perf_counter_ns()
            before = after

    with ThreadPoolExecutor(options["inFlight"]) as threads:
        for worker in [threads.submit(work) for _ in range(options["inFlight"])]:
            worker.result()
    seconds = (time.perf_counter_ns() - begin) / 1e9
    cpu = cpu_seconds() - cpu
    ordered = sorted(itertools.chain.from_iterable(latencies))

    def percentile(part: float) -> float:
        return ordered[max(0, math.ceil(part * len(ordered)) - 1)] / 1000 if ordered else 0

    outcome = {
        "operations": len(ordered),
        "failed": len(failures),
        "seconds": seconds,
        "cpuSeconds": cpu,
        "latencyUs": {"p50": percentile(0.5), "p90": percentile(0.9), "p99": percentile(0.99)},
    }
    return {**outcome, "firstFailure": failures[0]} if failures else outcome


def run_all(count: int, operation: Callable[[int], None]) -> None:
    """Run operation for 0 to count - 1, 8 at a time."""
    with ThreadPoolExecutor(8) as threads:
        for _ in threads.map(operation, range(count)):
            pass


def cpu_seconds() -> float:
    """Return the CPU time that all threads of this process have used."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def is_write(i: int, share: float) -> bool:
    return math.floor((i + 1) * share) > math.floor(i * share)


def session_of(i: int, count: int) -> int:
    """Return the session of an operation. All sides use the same sequence: multiples of the golden ratio."""
    return int((i * 0x9E3779B1 & 0xFFFFFFFF) / 2**32 * count)
