"""The keys of sessions, and when sessions end by themselves."""

from __future__ import annotations

import unittest
from datetime import timedelta

from django.contrib.sessions.backends.base import SessionBase
from django.test import override_settings
from django.utils import timezone
from django_world import NO_KEYS, stored
from session_sidecar.django import SessionStore


class KeyTest(unittest.TestCase):
    def test_cycle_key_keeps_the_values_and_ends_the_old_key(self) -> None:
        session = stored(a="c", b="d")
        old = session.session_key
        session["e"] = "f"
        session.cycle_key()
        self.assertNotEqual(session.session_key, old)
        self.assertFalse(session.exists(old))
        self.assertEqual(dict(session.items()), {"a": "c", "b": "d", "e": "f"})
        self.assertEqual(SessionStore(session.session_key).load(), {"a": "c", "b": "d", "e": "f"})

    def test_cycle_key_of_a_session_that_is_not_stored_stores_it(self) -> None:
        session = SessionStore()
        session["a"] = "c"
        session.cycle_key()
        self.assertEqual(SessionStore(session.session_key).load(), {"a": "c"})

    def test_cycle_key_of_an_ended_session_starts_another_with_what_this_request_wrote(self) -> None:
        session = stored(user="Ada", cart=["tea"])
        session["own"] = 1
        SessionStore(session.session_key).flush()
        old = session.session_key
        session.cycle_key()
        session["more"] = 2
        session.save()
        self.assertFalse(session.exists(old))
        self.assertEqual(SessionStore(session.session_key).load(), {"own": 1, "more": 2})

    def test_keys_that_are_not_of_a_session_are_not_adopted(self) -> None:
        for key in NO_KEYS:
            with self.subTest(key=key):
                session = SessionStore(key)
                self.assertFalse(session.exists(key))
                self.assertEqual(session.load(), {})
                self.assertIsNone(session.session_key)
                session["cat"] = "dog"
                session.save()
                self.assertNotEqual(session.session_key, key)

    def test_loading_an_unknown_key_stores_nothing(self) -> None:
        session = SessionStore("someunknownkey")
        session.load()
        self.assertFalse(session.exists(session.session_key))

    def test_short_and_empty_keys_are_none(self) -> None:
        for key in ("", "1234567"):
            session = SessionStore(key)
            self.assertIsNone(session.session_key)
            self.assertTrue(session.is_empty())

    def test_the_key_is_read_only(self) -> None:
        with self.assertRaises(AttributeError):
            SessionStore().session_key = "other"


class ExpiryTest(unittest.TestCase):
    def test_the_default_is_the_age_of_the_cookie(self) -> None:
        session = SessionStore()
        with override_settings(SESSION_COOKIE_AGE=1234):
            self.assertEqual(session.get_expiry_age(), 1234)
            session.set_expiry(0)
            self.assertEqual((session.get_expiry_age(), session.get_expire_at_browser_close()), (1234, True))

    def test_seconds_a_time_span_and_a_date_are_kept(self) -> None:
        now = timezone.now()
        for expiry in (10, timedelta(seconds=10), now + timedelta(seconds=10)):
            session = SessionStore()
            session.set_expiry(expiry)
            session.save()
            again = SessionStore(session.session_key)
            self.assertAlmostEqual(again.get_expiry_age(modification=now), 10, delta=5)
            self.assertFalse(again.get_expire_at_browser_close())
            again.set_expiry(None)
            self.assertEqual(again.get_expiry_age(), again.get_session_cookie_age())

    def test_a_session_whose_date_has_passed_is_over(self) -> None:
        for expiry in (-timedelta(seconds=10), -10):
            session = SessionStore()
            session["foo"] = "bar"
            session.set_expiry(expiry)
            session.save()
            again = SessionStore(session.session_key)
            self.assertNotIn("foo", again)
            self.assertIsNone(again.session_key)
            self.assertFalse(again.exists(session.session_key))

    def test_the_browsers_end_is_as_the_settings_say(self) -> None:
        session: SessionBase = SessionStore()
        for at_close in (True, False):
            with override_settings(SESSION_EXPIRE_AT_BROWSER_CLOSE=at_close):
                self.assertIs(session.get_expire_at_browser_close(), at_close)


if __name__ == "__main__":
    unittest.main()
