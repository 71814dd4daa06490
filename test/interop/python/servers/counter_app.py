"""A WSGI application whose client is used before the server forks its workers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

from session_sidecar import SessionClient

TOKEN = os.environ["TOKEN"]
client = SessionClient(os.environ["SIDECAR_ADDRESS"], timeout=30)
client.open(TOKEN)


def application(_environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Count a request, and respond with the id of the process."""
    client.open(TOKEN).transform("count", lambda count: (count or 0) + 1)
    start_response("200 OK", [("content-type", "text/plain")])
    return [str(os.getpid()).encode()]
