"""How the ASGI middleware is configured. What it does is tested in its server: see test/interop/python-web."""

from __future__ import annotations

import asyncio
import unittest
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from session_sidecar import AsyncSessionClient, SessionError
from session_sidecar.starlette import SessionMiddleware, load_session
from session_sidecar.web import WebOptions
from starlette.requests import Request

ADDRESS = "127.0.0.1:1"


async def app(scope: Any, receive: Any, send: Any) -> None:
    for kind in ("startup", "shutdown") if scope["type"] == "lifespan" else ():
        await receive()
        await send({"type": f"lifespan.{kind}.complete"})
    if scope["type"] == "http":
        await load_session(Request(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})


async def run(application: Any, scope: dict[str, Any], messages: Iterable[str] = ()) -> list[str]:
    """Return the types of the messages that an application sends."""
    waiting = [{"type": message} for message in messages]
    sent: list[str] = []

    async def receive() -> Any:
        return waiting.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await application(scope, receive, send)
    return sent


def request(**more: Any) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/", "headers": [], **more}


class MiddlewareTest(unittest.TestCase):
    def test_checks_its_options(self) -> None:
        with self.assertRaisesRegex(ValueError, "either `address` or `client`, got none"):
            SessionMiddleware(app)
        with self.assertRaisesRegex(ValueError, "either `address` or `client`, got both"):
            SessionMiddleware(app, ADDRESS, client=AsyncSessionClient(ADDRESS))
        with self.assertRaisesRegex(ValueError, "`trusted_origins`"):
            SessionMiddleware(app, ADDRESS, trusted_origins=["shop.example.com"])
        with self.assertRaisesRegex(ValueError, "`cookie.max_age` .* `remember`"):
            WebOptions(remember="remember")
        wrong: Any = 7
        with self.assertRaisesRegex(TypeError, "`remember`"):
            WebOptions(remember=wrong)
        with self.assertRaisesRegex(TypeError, "`cookie`"):
            WebOptions(cookie=wrong)

    def test_closes_its_own_client_when_the_application_shuts_down(self) -> None:
        owned = SessionMiddleware(app, ADDRESS)
        given = AsyncSessionClient(ADDRESS, timeout=0.05)
        lifespan = ("lifespan.startup", "lifespan.shutdown")

        async def code_of(client: AsyncSessionClient) -> str:
            with self.assertRaises(SessionError) as raised:
                await client.open("token")
            return raised.exception.code

        async def shut_down() -> None:
            for middleware in (owned, SessionMiddleware(app, client=given)):
                sent = await run(middleware, {"type": "lifespan"}, lifespan)
                self.assertEqual(sent, ["lifespan.startup.complete", "lifespan.shutdown.complete"])
            self.assertEqual([await code_of(owned._client), await code_of(given)], ["CANCELLED", "UNAVAILABLE"])
            await given.close()

        asyncio.run(shut_down())

    def test_has_no_effect_the_second_time_and_refuses_another_one(self) -> None:
        twice = SessionMiddleware(SessionMiddleware(app, ADDRESS), ADDRESS)
        self.assertEqual(asyncio.run(run(twice, request())), ["http.response.start", "http.response.body"])
        with self.assertRaisesRegex(TypeError, "no other middleware to set `session`"):
            asyncio.run(run(twice, request(session={})))

    def test_discards_a_response_whose_session_cannot_be_saved(self) -> None:
        client = AsyncSessionClient(ADDRESS, timeout=0.05)
        went_on = []

        async def stubborn(scope: Any, receive: Any, send: Any) -> None:
            (await load_session(Request(scope)))["a"] = 1
            start = {"type": "http.response.start", "status": 200, "headers": []}
            for message in (start, {"type": "http.response.body", "body": b"discarded"}):
                with suppress(SessionError):
                    await send(message)
                    went_on.append(message)

        async def visit() -> None:
            self.assertEqual(
                await run(SessionMiddleware(stubborn, client=client), request()), ["http.response.start", "http.response.body"]
            )
            await client.close()

        with self.assertLogs("session_sidecar.web", "ERROR"):
            asyncio.run(visit())
        self.assertEqual(went_on, [])

    def test_says_that_it_is_missing(self) -> None:
        with self.assertRaisesRegex(RuntimeError, "SessionMiddleware"):
            asyncio.run(run(app, request()))


if __name__ == "__main__":
    unittest.main()
