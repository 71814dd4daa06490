"""Whether calls block other greenlets of gevent."""

from __future__ import annotations

import sys
import warnings
from typing import Any


def warn_of_blocked_greenlets() -> None:
    """Warn if this is a greenlet and gevent has not patched what calls wait with: they would block all other greenlets."""
    gevent: Any = sys.modules.get("gevent")
    # In the greenlet that started gevent, programs block before there are others.
    if gevent is None or gevent.getcurrent().parent is None:
        return
    monkey: Any = sys.modules.get("gevent.monkey")
    if monkey is None or not all(map(monkey.is_module_patched, ("select", "socket", "threading", "time"))):
        warnings.warn(
            "Calls of SessionClient block all greenlets of this thread. Call gevent.monkey.patch_all() before anything else is "
            "imported.",
            RuntimeWarning,
            stacklevel=2,
        )
