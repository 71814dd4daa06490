"""Pauses between attempts to connect."""

from __future__ import annotations

import random
import unittest
from unittest import mock

from session_sidecar.transport.backoff import Backoff


class Pauses(unittest.TestCase):
    def test_grow_to_their_limit_are_random_and_start_again_after_a_success(self) -> None:
        backoff = Backoff(first=0.02, longest=0.1, longest_requested=1.0)
        with mock.patch.object(random, "random", return_value=0.5):
            self.assertEqual([backoff.next(None) for _ in range(5)], [0.01, 0.02, 0.04, 0.05, 0.05])
            self.assertEqual([backoff.next(0.3), backoff.next(60)], [0.3, 1.0])
            backoff.reset()
            self.assertEqual(backoff.next(None), 0.01)
