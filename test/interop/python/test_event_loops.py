"""Tasks and event loops that share a client."""

from __future__ import annotations

import asyncio
import gc
import threading
import unittest
import warnings
from concurrent.futures import ThreadPoolExecutor

from fake_sidecar import FakeSidecar, Stream, draining
from session_sidecar import AsyncSessionClient, SessionError
from support import never


class EventLoops(unittest.TestCase):
    def test_a_cancelled_task_cancels_its_call_at_the_sidecar(self) -> None:
        async def run(fake: FakeSidecar) -> None:
            async with AsyncSessionClient(fake.address, timeout=30) as client:
                task = asyncio.create_task(client.open("token"))
                while not (fake.streams and fake.streams[0].calls):
                    await asyncio.sleep(0.005)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                stream = fake.streams[0]
                while not stream.cancelled:
                    await asyncio.sleep(0.005)
                self.assertEqual(stream.cancelled, [stream.calls[0].id])

        with FakeSidecar(on_call=never) as fake:
            asyncio.run(run(fake))

    def test_a_task_that_is_cancelled_before_there_is_a_stream_sends_nothing(self) -> None:
        accepts = threading.Event()

        def refuse(_: Stream) -> None:
            if not accepts.is_set():
                raise draining()

        async def run(fake: FakeSidecar) -> None:
            async with AsyncSessionClient(fake.address, timeout=30) as client:
                waiting, given_up = (asyncio.create_task(client.open("token")) for _ in range(2))
                while not fake.streams:
                    await asyncio.sleep(0.005)
                given_up.cancel()
                accepts.set()
                await waiting
                self.assertTrue(given_up.cancelled())
            self.assertEqual(fake.count("GetSession"), 1)

        with FakeSidecar(on_stream=refuse) as fake:
            asyncio.run(run(fake))

    def test_calls_of_one_turn_share_frames(self) -> None:
        async def run(fake: FakeSidecar) -> None:
            async with AsyncSessionClient(fake.address, timeout=30) as client:
                await client.open("token")
                await asyncio.gather(*(client.open("token") for _ in range(64)))
                await client.open("token")
            self.assertEqual([len(frame.calls) for frame in fake.streams[0].frames], [1, 32, 32, 1])

        with FakeSidecar() as fake:
            asyncio.run(run(fake))

    def test_each_has_a_connection_and_one_that_is_gone_takes_none_with_it(self) -> None:
        with FakeSidecar() as fake:
            client = AsyncSessionClient(fake.address, timeout=30)

            async def use() -> None:
                await client.open("token")

            def run() -> None:
                asyncio.run(use())

            with ThreadPoolExecutor(4) as threads:
                for future in [threads.submit(run) for _ in range(8)]:
                    future.result()

            async def end() -> None:
                await client.open("token")
                await client.close()
                with self.assertRaises(SessionError):
                    await client.open("token")

            # Python warns of the connections that were not closed.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                asyncio.run(end())
                gc.collect()
            self.assertEqual(len(fake.streams), 9)
