"""Pauses between attempts to connect."""

from __future__ import annotations

import random


class Backoff:
    """Pauses that grow while attempts fail, in seconds.

    first: the maximum after the first failure; each further failure doubles it.
    longest: the maximum after any number of failures.
    longest_requested: the maximum that the sidecar can request.
    """

    def __init__(self, first: float, longest: float, longest_requested: float) -> None:
        self._first = first
        self._longest = longest
        self._longest_requested = longest_requested
        self._failures = 0

    def next(self, requested: float | None) -> float:
        """A random fraction of the maximum, so that clients do not all reconnect at once; at least what the sidecar requests."""
        longest = min(self._longest, self._first * 2.0 ** min(self._failures, 16))
        self._failures += 1
        return max(random.random() * longest, min(requested or 0, self._longest_requested))

    def reset(self) -> None:
        """To be called after an attempt has succeeded."""
        self._failures = 0
