"""What Django documents for session backends: https://docs.djangoproject.com/en/5.2/topics/http/sessions/."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import django_world  # noqa: F401 - configures Django
from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.core import management
from django.test import override_settings
from django.utils import timezone
from session_sidecar.django import SessionStore

NO_KEYS = ("1", "someunknownkey", "a.b", "ä" * 50, "x" * 5000, f"{'A' * 43}.{'A' * 24}")


def stored(**values: Any) -> SessionStore:
    """Return a session that was stored with these values and loaded again by another request."""
    session = SessionStore()
    session.update(values)
    session.save()
    return SessionStore(session.session_key)


class DictionaryTest(unittest.TestCase):
    def test_a_new_session_is_neither_accessed_nor_modified(self) -> None:
        session = SessionStore()
        self.assertEqual((session.accessed, session.modified, session.session_key), (False, False, None))
        self.assertTrue(session.is_empty())

    def test_a_session_is_loaded_at_its_first_use(self) -> None:
        session = stored(cat="dog")
        self.assertFalse(session.accessed)
        self.assertFalse(session.is_empty())
        self.assertEqual(session["cat"], "dog")
        self.assertEqual((session.accessed, session.modified), (True, False))

    def test_writes_mark_the_session_as_modified(self) -> None:
        writes: dict[str, Callable[[SessionStore], Any]] = {
            "set": lambda each: each.__setitem__("cat", 1),
            "delete": lambda each: each.__delitem__("cat"),
            "pop": lambda each: each.pop("cat"),
            "setdefault": lambda each: each.setdefault("other", 1),
            "update": lambda each: each.update({"cat": 2}),
            "clear": lambda each: each.clear(),
            "cycle_key": lambda each: each.cycle_key(),
            "flush": lambda each: each.flush(),
            "set_test_cookie": lambda each: each.set_test_cookie(),
            "set_expiry": lambda each: each.set_expiry(10),
        }
        for name, write in writes.items():
            with self.subTest(name):
                session = stored(cat="dog")
                write(session)
                self.assertEqual((session.accessed, session.modified), (True, True))

    def test_reads_do_not_mark_it(self) -> None:
        session = stored(cat="dog")
        found = (session.get("cat"), session.get("none"), session.pop("none", 1), "cat" in session, session.has_key("none"))
        self.assertEqual(found, ("dog", None, 1, True, False))
        self.assertEqual([*session.keys(), *session.values(), *session.items()], ["cat", "dog", ("cat", "dog")])
        self.assertFalse(session.modified)

    def test_the_test_cookie_works(self) -> None:
        session = SessionStore()
        session.set_test_cookie()
        session.save()
        session = SessionStore(session.session_key)
        self.assertTrue(session.test_cookie_worked())
        session.delete_test_cookie()
        self.assertFalse(session.test_cookie_worked())


class StoringTest(unittest.TestCase):
    def test_save_stores_even_an_empty_session(self) -> None:
        session = SessionStore()
        session.save()
        self.assertTrue(session.exists(session.session_key))
        self.assertEqual(SessionStore(session.session_key).load(), {})

    def test_create_stores_at_once_with_a_new_key(self) -> None:
        session = SessionStore()
        session.create()
        first = session.session_key
        self.assertTrue(session.exists(first))
        self.assertTrue(session.modified)
        session.create()
        self.assertNotEqual(session.session_key, first)

    def test_save_with_must_create_stores_the_values_under_a_new_key(self) -> None:
        session = stored(cat="dog")
        first = session.session_key
        session["other"] = 1
        session.save(must_create=True)
        self.assertEqual(SessionStore(session.session_key).load(), {"cat": "dog", "other": 1})
        self.assertEqual(SessionStore(first).load(), {"cat": "dog"})

    def test_save_keeps_what_the_object_has(self) -> None:
        session = stored(cat="dog")
        session["other"] = 1
        session.save()
        self.assertEqual(dict(session.items()), {"cat": "dog", "other": 1})

    def test_a_change_inside_a_value_is_stored_if_the_session_is_saved(self) -> None:
        session = stored(cart=["tea"])
        session["cart"].append("milk")
        self.assertFalse(session.modified)
        session.save()
        self.assertEqual(SessionStore(session.session_key)["cart"], ["tea", "milk"])

    def test_delete_ends_the_session(self) -> None:
        session = stored(cat="dog")
        session.delete()
        self.assertFalse(session.exists(session.session_key))
        other = stored(cat="dog")
        session.delete(other.session_key)
        self.assertFalse(session.exists(other.session_key))

    def test_delete_without_a_session_and_twice_does_nothing(self) -> None:
        SessionStore().delete()
        session = stored()
        session.delete()
        session.delete()
        for key in NO_KEYS:
            session.delete(key)

    def test_flush_ends_the_session_and_leaves_an_empty_one_without_a_key(self) -> None:
        session = stored(cat="dog")
        key = session.session_key
        session.flush()
        self.assertFalse(session.exists(key))
        self.assertEqual((session.session_key, list(session.items())), (None, []))
        self.assertTrue(session.is_empty())
        session["cat"] = "mouse"
        session.save()
        self.assertEqual(SessionStore(session.session_key).load(), {"cat": "mouse"})

    def test_clear_removes_everything_when_saved(self) -> None:
        session = stored(cat="dog")
        parallel = SessionStore(session.session_key)
        parallel["added"] = 1
        parallel.save()
        session.clear()
        session["left"] = 1
        session.save()
        self.assertEqual(SessionStore(session.session_key).load(), {"left": 1})
        parallel = SessionStore(session.session_key)
        parallel["added"] = 1
        parallel.save()
        session["more"] = 1
        session.save()
        self.assertEqual(SessionStore(session.session_key).load(), {"left": 1, "added": 1, "more": 1})

    def test_clear_expired_has_nothing_to_do(self) -> None:
        session = stored(cat="dog")
        with override_settings(SESSION_ENGINE="session_sidecar.django"):
            management.call_command("clearsessions")
        self.assertTrue(session.exists(session.session_key))


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


class ParallelRequestsTest(unittest.TestCase):
    def setUp(self) -> None:
        key = stored(first=0, second=0, third=0).session_key
        self.one, self.other = SessionStore(key), SessionStore(key)
        self.assertEqual(dict(self.one.items()), dict(self.other.items()))

    def left(self) -> dict[str, Any]:
        return dict(SessionStore(self.one.session_key).items())

    def test_both_win_if_they_write_different_keys(self) -> None:
        self.one["first"] = 1
        del self.other["second"]
        self.other["added"] = 1
        self.one.save()
        self.other.save()
        self.assertEqual(self.left(), {"first": 1, "third": 0, "added": 1})

    def test_save_sends_only_changes_however_often_it_is_called(self) -> None:
        self.one["first"] = 1
        self.one.save()
        self.other["first"] = 2
        self.other.save()
        self.one["second"] = 1
        self.one.save()
        self.assertEqual(self.left(), {"first": 2, "second": 1, "third": 0})

    def test_save_without_a_change_makes_no_call(self) -> None:
        self.other.flush()
        self.one["first"] = 0
        self.one.save()
        self.assertFalse(self.one.exists(self.one.session_key))

    def test_transform_loses_nothing_in_one_value(self) -> None:
        for session in (self.one, self.other):
            self.assertEqual(session.transform("list", lambda items: [*(items or []), "x"])[-1], "x")
        self.assertEqual(self.left()["list"], ["x", "x"])
        self.assertEqual((self.other["list"], self.other.modified), (["x", "x"], False))
        self.one["first"] = 1
        self.one.save()
        self.assertEqual(self.left()["list"], ["x", "x"])

    def test_transform_of_a_key_with_unsaved_changes_saves_them(self) -> None:
        self.one["first"] = 5
        self.one["second"] = 6
        self.assertEqual(self.one.transform("first", lambda number: number + 1), 6)
        self.assertEqual(self.left(), {"first": 6, "second": 6, "third": 0})

    def test_transform_of_a_new_session_stores_it(self) -> None:
        session = SessionStore()
        session.transform("first", lambda nothing: [nothing])
        self.assertTrue(session.modified)
        self.assertEqual(SessionStore(session.session_key)["first"], [None])

    def test_nothing_brings_back_a_session_that_ended(self) -> None:
        for end in (SessionStore.delete, SessionStore.flush, SessionStore.cycle_key):
            with self.subTest(end.__name__):
                self.setUp()
                key = self.one.session_key
                self.one["late"] = True
                end(self.other)
                with self.assertRaises(UpdateError):
                    self.one.save()
                with self.assertRaises(SessionInterrupted):
                    self.one.transform("second", lambda _: 1)
                self.assertFalse(SessionStore().exists(key))
                self.assertEqual(self.one.load(), {})

    def test_clear_without_loading_does_not_either(self) -> None:
        session = SessionStore(self.one.session_key)
        session.clear()
        self.other.flush()
        with self.assertRaises(UpdateError):
            session.save()


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
