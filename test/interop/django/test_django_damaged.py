"""A visitor whose session the sidecar cannot read, because the record in Redis is damaged."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.auth import aget_user, alogout, get_user, logout
from django.http import HttpRequest
from django.test import Client
from django_world import damage, show
from session_sidecar import SessionError
from session_sidecar.django import SessionStore


def damaged() -> SessionStore:
    session = SessionStore()
    session["_auth_user_id"] = "1"
    session["cat"] = "dog"
    session.save()
    damage(session.session_key)
    return SessionStore(session.session_key)


def visit(session: SessionStore) -> Any:
    """Return a request, as far as Django's functions for users need it."""
    return SimpleNamespace(session=session, META={})


class DamagedTest(unittest.TestCase):
    def test_every_use_fails_so_that_the_visitor_is_not_mistaken_for_a_new_one(self) -> None:
        uses: dict[str, Callable[[SessionStore], Any]] = {
            "read": lambda each: each["cat"],
            "get": lambda each: each.get("cat"),
            "in": lambda each: "cat" in each,
            "keys": lambda each: [*each.keys()],
            "items": lambda each: [*each.items()],
            "set": lambda each: each.__setitem__("cat", 1),
            "delete": lambda each: each.__delitem__("cat"),
            "pop": lambda each: each.pop("cat", None),
            "update": lambda each: each.update({"cat": 1}),
            "setdefault": lambda each: each.setdefault("cat", 1),
            "set_expiry": lambda each: each.set_expiry(10),
            "save": lambda each: each.save(),
            "cycle_key": lambda each: each.cycle_key(),
            "transform": lambda each: each.transform("cat", lambda _: 1),
        }
        session = damaged()
        for name, use in uses.items():
            with self.subTest(name), self.assertRaises(SessionError) as raised:
                use(SessionStore(session.session_key))
            self.assertEqual((raised.exception.code, raised.exception.status), ("INTERNAL", 500))

    def test_flush_and_delete_end_it(self) -> None:
        for end in (SessionStore.flush, SessionStore.delete, lambda each: async_to_sync(each.aflush)()):
            session = damaged()
            key = session.session_key
            end(session)
            self.assertEqual(SessionStore(key).load(), {})

    def test_flush_after_a_use_that_failed_ends_it_and_leaves_a_new_one(self) -> None:
        session = damaged()
        key = session.session_key
        with self.assertRaises(SessionError):
            session.get("cat")
        session.flush()
        session["cat"] = "mouse"
        session.save()
        self.assertEqual(SessionStore(session.session_key).load(), {"cat": "mouse"})
        self.assertFalse(session.exists(key))

    def test_the_user_is_anonymous_and_logout_works(self) -> None:
        session = damaged()
        key = session.session_key
        with self.assertLogs("django.security.SuspiciousSession", "WARNING") as logged:
            request = visit(session)
            request.user = get_user(request)
        self.assertNotIn(key, logged.output[0])
        self.assertFalse(request.user.is_authenticated)
        logout(request)
        self.assertIsNone(session.session_key)
        self.assertFalse(session.exists(key))

    def test_alogout_works(self) -> None:
        async def leave(request: Any) -> None:
            async def user() -> Any:
                return await aget_user(request)

            request.auser = user
            await alogout(request)

        session = damaged()
        key = session.session_key
        async_to_sync(leave)(visit(session))
        self.assertFalse(session.exists(key))


class RequestTest(unittest.TestCase):
    def test_pages_fail_until_the_visitor_has_logged_out(self) -> None:
        browser = Client(raise_request_exception=False)

        def statuses(page: Callable[[HttpRequest], Any]) -> Any:
            show(page)
            response = browser.get("/")
            cookie = response.cookies.get("sessionid")
            return response.status_code, None if cookie is None else cookie.value

        browser.cookies["sessionid"] = damaged().session_key
        self.assertEqual(statuses(lambda request: request.session.get("cat")), (500, None))
        self.assertEqual(statuses(lambda request: request.session.__setitem__("cat", 1)), (500, None))
        self.assertEqual(statuses(lambda _: "text"), (200, None))
        self.assertEqual(statuses(logout), (200, ""))
        self.assertEqual(statuses(lambda request: request.session.get("cat"))[0], 200)


if __name__ == "__main__":
    unittest.main()
