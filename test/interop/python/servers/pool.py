"""Counts in processes of a pool, with a client that was used before: pool.py <start method> <blocking or asyncio> <count>."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys

from session_sidecar import AsyncSessionClient, SessionClient, SessionError

ADDRESS, TOKEN = os.environ["SIDECAR_ADDRESS"], os.environ["TOKEN"]
client = SessionClient(ADDRESS, timeout=30)
async_client = AsyncSessionClient(ADDRESS, timeout=30)


def add_one(count: int | None) -> int:
    return (count or 0) + 1


def add(_: object) -> int:
    client.open(TOKEN).transform("count", add_one)
    return os.getpid()


async def add_async() -> None:
    await (await async_client.open(TOKEN)).transform("count", add_one)


def add_by_asyncio(_: object) -> int:
    asyncio.run(add_async())
    return os.getpid()


def fail() -> None:
    ended = client.create()
    ended["count"] = 0
    ended.save()
    client.open(ended.token).invalidate()
    ended.regenerate()


def main(method: str, kind: str, count: int) -> None:
    count_one = add if kind == "blocking" else add_by_asyncio
    count_one(None)
    with multiprocessing.get_context(method).Pool(2) as pool:
        pids = set(pool.map(count_one, range(count), chunksize=1))
        assert os.getpid() not in pids
        try:
            pool.apply(fail)
        except SessionError as error:
            print(error.code)
    count_one(None)
    print(client.open(TOKEN)["count"])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
