"""Print a line "ready" when watching has begun, and one line of JSON for each event.

Usage: watch.py MODE ADDRESS SUBJECT [GROUP [AFTER]]

MODE is "blocking" or "asyncio".
"""

from __future__ import annotations

import asyncio
import json
import sys

from session_sidecar import AsyncSessionClient, SessionClient, SessionError, SessionEvent

MODE, ADDRESS, SUBJECT, GROUP, AFTER, *_ = [*sys.argv[1:], "", ""]


def say(text: str) -> None:
    print(text, flush=True)


def ready() -> None:
    say("ready")


def show(event: SessionEvent) -> None:
    fields = {
        "type": event.type,
        "reason": event.reason,
        "handle": event.handle,
        "subject": event.subject or "",
        "time": round(event.time.timestamp() * 1000),
        "version": event.version or 0,
        "cursor": event.cursor,
    }
    say(json.dumps(fields))


def watch() -> None:
    with SessionClient(ADDRESS) as client:
        for event in client.watch(subject=SUBJECT, group=GROUP or None, after=AFTER or None, on_ready=ready):
            show(event)


async def watch_async() -> None:
    async with AsyncSessionClient(ADDRESS) as client:
        async for event in client.watch(subject=SUBJECT, group=GROUP or None, after=AFTER or None, on_ready=ready):
            show(event)


if __name__ == "__main__":
    try:
        if MODE == "blocking":
            watch()
        else:
            asyncio.run(watch_async())
    except SessionError as error:
        say(error.code)
