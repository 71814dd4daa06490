"""Bodies that are generators."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any


def streamed(body: Generator[bytes, Any, Any], length: int | None, before_end: Callable[[], None]) -> Iterator[bytes]:
    """Send a body, and call before_end() before the client can know that it has ended.

    length: the number of bytes after which the client takes it for ended. None: when the server says so.
    """
    sent = 0
    try:
        for chunk in body:
            sent += len(chunk)
            last = [] if length is None or sent < length else list(body)
            if length is not None and sent >= length:
                before_end()
            yield chunk
            yield from last
    finally:
        body.close()
    before_end()
