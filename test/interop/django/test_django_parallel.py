"""Requests of one visitor that overlap."""

from __future__ import annotations

import unittest
from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django_world import stored
from session_sidecar.django import SessionStore


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


if __name__ == "__main__":
    unittest.main()
