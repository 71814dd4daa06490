"""The methods for asynchronous views: the same, awaited."""

from __future__ import annotations

import asyncio
import unittest

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.http import HttpRequest
from django.test import AsyncClient, Client, override_settings
from django_world import OPTIONS, show_async
from session_sidecar.django import SessionStore


class AsyncStoreTest(unittest.IsolatedAsyncioTestCase):
    async def stored(self) -> SessionStore:
        session = SessionStore()
        await session.aset("cat", "dog")
        await session.asave()
        return SessionStore(session.session_key)

    async def test_a_session_is_stored_and_loaded(self) -> None:
        session = await self.stored()
        self.assertTrue(await session.aexists(session.session_key))
        self.assertEqual(await session.aget("cat"), "dog")
        self.assertEqual(await SessionStore(session.session_key).aload(), {"cat": "dog"})
        self.assertEqual(await session.apop("cat"), "dog")
        await session.asave()
        self.assertEqual(await SessionStore(session.session_key).aload(), {})

    async def test_acreate_stores_at_once(self) -> None:
        session = SessionStore()
        await session.acreate()
        self.assertTrue(session.modified)
        self.assertTrue(await session.aexists(session.session_key))

    async def test_acycle_key_replaces_the_key(self) -> None:
        session = await self.stored()
        old = session.session_key
        await session.acycle_key()
        self.assertFalse(await session.aexists(old))
        self.assertEqual(await SessionStore(session.session_key).aload(), {"cat": "dog"})

    async def test_aflush_and_adelete_end_the_session(self) -> None:
        session, other = await self.stored(), await self.stored()
        key = session.session_key
        await session.aflush()
        self.assertIsNone(session.session_key)
        await session.adelete(other.session_key)
        self.assertFalse(await session.aexists(key) or await session.aexists(other.session_key))

    async def test_asave_does_not_bring_back_a_session_that_ended(self) -> None:
        session = await self.stored()
        await session.aset("late", True)
        await SessionStore(session.session_key).adelete()
        with self.assertRaises(UpdateError):
            await session.asave()
        with self.assertRaises(SessionInterrupted):
            await session.atransform("cat", lambda _: 1)
        self.assertEqual(await session.aload(), {})

    async def test_parallel_tasks_lose_nothing(self) -> None:
        session = await self.stored()
        key = session.session_key

        async def add(number: int) -> None:
            own = SessionStore(key)
            await own.aset(f"key{number}", number)
            await own.asave()
            await own.atransform("numbers", lambda numbers: [*(numbers or []), number])

        await asyncio.gather(*map(add, range(20)))
        left = await SessionStore(key).aload()
        self.assertEqual(sorted(left.pop("numbers")), list(range(20)))
        self.assertEqual(left, {"cat": "dog", **{f"key{number}": number for number in range(20)}})

    async def test_aset_expiry_and_aclear_expired(self) -> None:
        session = await self.stored()
        await session.aset_expiry(10)
        await session.asave()
        await SessionStore.aclear_expired()
        self.assertEqual(await SessionStore(session.session_key).aget_expiry_age(), 10)


class ManyLoopsTest(unittest.TestCase):
    def test_each_request_may_have_an_event_loop_of_its_own(self) -> None:
        session = SessionStore()
        session.save()

        async def visit() -> None:
            own = SessionStore(session.session_key)
            await own.aset("visits", await own.aget("visits", 0) + 1)
            await own.asave()

        for _ in range(3):
            asyncio.run(visit())
        self.assertEqual(SessionStore(session.session_key)["visits"], 3)


async def count(request: HttpRequest) -> int:
    await request.session.aset("visits", await request.session.aget("visits", 0) + 1)
    return int(await request.session.aget("visits"))


class AsyncViewTest(unittest.IsolatedAsyncioTestCase):
    async def test_an_asynchronous_view_has_its_session(self) -> None:
        show_async(count)
        browser = AsyncClient()
        self.assertEqual([(await browser.get("/awaited")).content for _ in range(2)], [b"1", b"2"])

    async def test_without_a_sidecar_it_is_unavailable(self) -> None:
        show_async(count)
        browser = AsyncClient(raise_request_exception=False)
        browser.cookies["sessionid"] = "a-key-that-cannot-be-looked-up"
        # No sidecar listens here.
        with override_settings(SESSION_SIDECAR={**OPTIONS, "ADDRESS": "127.0.0.1:1", "TIMEOUT": 0.2}):
            response = await browser.get("/awaited")
        self.assertEqual((response.status_code, response.headers.get("Retry-After")), (503, "1"))


class AsyncViewUnderWsgiTest(unittest.TestCase):
    def test_it_has_its_session_as_well(self) -> None:
        show_async(count)
        browser = Client()
        self.assertEqual([browser.get("/awaited").content for _ in range(2)], [b"1", b"2"])


if __name__ == "__main__":
    unittest.main()
