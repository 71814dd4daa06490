"""How property tests run: TEST_EFFORT multiplies the number of examples. A failure prints how to repeat it."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

effort = settings(
    max_examples=int(100 * float(os.environ.get("TEST_EFFORT", "1"))),
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
