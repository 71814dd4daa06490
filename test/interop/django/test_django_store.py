"""What Django documents for session backends: https://docs.djangoproject.com/en/5.2/topics/http/sessions/."""

from __future__ import annotations

import unittest
from collections.abc import Callable
from typing import Any

from django.core import management
from django.test import override_settings
from django_world import NO_KEYS, stored
from session_sidecar.django import SessionStore


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

    def test_a_label_is_stored_with_the_session_and_stays(self) -> None:
        session = stored(cat="dog")
        self.assertIsNone(session.label)
        self.assertFalse(session.modified)
        session.label = "phone"
        self.assertTrue(session.modified)
        self.assertEqual(session.label, "phone")
        session.save()
        session = SessionStore(session.session_key)
        self.assertEqual((session.label, session["cat"]), ("phone", "dog"))
        session.cycle_key()
        self.assertEqual(SessionStore(session.session_key).label, "phone")
        session.label = "laptop"
        session.cycle_key()
        self.assertEqual(SessionStore(session.session_key).label, "laptop")
        session.label = None
        session.save()
        self.assertIsNone(SessionStore(session.session_key).label)

    def test_a_label_is_of_one_session_and_what_was_assigned_of_the_next(self) -> None:
        session = SessionStore()
        session.label = "phone"
        session["cat"] = "dog"
        session.save()
        self.assertEqual(SessionStore(session.session_key).label, "phone")
        session.flush()
        self.assertIsNone(session.label)
        session["cat"] = "mouse"
        session.save()
        self.assertIsNone(SessionStore(session.session_key).label)
        session.label = "laptop"
        session.flush()
        session.create()
        self.assertEqual(SessionStore(session.session_key).label, "laptop")

    def test_a_label_that_the_sidecar_would_reject_is_rejected_at_once(self) -> None:
        session = stored(cat="dog")
        for label in ("x" * 257, "a\nb"):
            with self.assertRaises(ValueError):
                session.label = label
        with self.assertRaises(TypeError):
            session.label = 7  # type: ignore[assignment]
        self.assertFalse(session.modified)
        self.assertIsNone(session.label)

    def test_clear_expired_has_nothing_to_do(self) -> None:
        session = stored(cat="dog")
        with override_settings(SESSION_ENGINE="session_sidecar.django"):
            management.call_command("clearsessions")
        self.assertTrue(session.exists(session.session_key))


if __name__ == "__main__":
    unittest.main()
