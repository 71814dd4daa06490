"""Pauses between attempts to connect."""

from __future__ import annotations

import random


class Backoff:
    """Pauses that grow while attempts fail.

    first: the maximum pause after the first failure, in seconds. Each further failure doubles it.
    longest: the maximum pause after any number of failures, in seconds.
    longest_requested: the longest pause that the sidecar can request, in seconds.
    """

    def __init__(self, first: float, longest: float, longest_requested: float) -> None:
        self._first = first
        self._longest = longest
        self._longest_requested = longest_requested
        self._failures = 0

    def next(self, requested: float | None) -> float:
        """Return the next pause: random, so that clients do not reconnect all at once, but at least the requested one."""
        longest = min(self._longest, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return max(random.random() * longest, min(requested or 0, self._longest_requested))

    def reset(self) -> None:
        """Start again with the first pause, after an attempt succeeded."""
        self._failures = 0
