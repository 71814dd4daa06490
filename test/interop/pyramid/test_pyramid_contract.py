"""What Pyramid promises of a session object, beside that it is a dictionary."""

from __future__ import annotations

import time

from pyramid.interfaces import ICSRFStoragePolicy, ISession, ISessionFactory
from pyramid_world import SessionTest, living
from session_sidecar.pyramid import SidecarCSRFStoragePolicy
from zope.interface.verify import verifyObject


class Contract(SessionTest):
    def test_is_what_the_interfaces_say(self) -> None:
        verifyObject(ISession, self.session)
        verifyObject(ISessionFactory, self.registry.getUtility(ISessionFactory))
        verifyObject(ICSRFStoragePolicy, SidecarCSRFStoragePolicy())

    def test_created_is_an_integer_that_stays(self) -> None:
        before = int(time.time())
        session = self.saved(a=1)
        self.assertIs(type(session.created), int)
        self.assertIs(type(self.session.created), int)
        self.assertLess(abs(session.created - before), 60)
        session["b"] = 2
        self.assertEqual(self.reopened(session).created, session.created)

    def test_new_is_true_in_the_request_that_starts_the_session(self) -> None:
        self.assertIs(self.session.new, True)
        self.session["a"] = 1
        later = self.reopened(self.session)
        self.assertIs(self.session.new, True)
        self.assertIs(later.new, False)

    def test_invalidate_dissociates_all_data(self) -> None:
        session = self.saved(a=1)
        token = session.loaded.token
        session["b"] = 2
        session.flash("bye")
        session.invalidate()
        self.assertIs(session.new, True)
        self.assertEqual(dict(session), {})
        self.assertEqual(session.peek_flash(), [])
        self.assertIs(self.opened(token).new, True)

    def test_using_an_invalidated_session_starts_another(self) -> None:
        session = self.saved(a=1)
        former = (session.loaded.token, session.session_id)
        session.invalidate()
        session["b"] = 2
        later = self.reopened(session)
        self.assertEqual(dict(later), {"b": 2})
        self.assertNotIn(later.loaded.token, former)
        self.assertNotIn(later.session_id, former)

    def test_invalidate_can_be_repeated(self) -> None:
        session = self.saved(a=1)
        before = living()
        session.invalidate()
        session.invalidate()
        self.assertEqual(living(), before - 1)

    def test_reading_an_invalidated_session_stores_nothing(self) -> None:
        session = self.saved(a=1)
        session.invalidate()
        before = living()
        for name in ("session_id", "managed_dict", "created", "timeout", "new", "expires"):
            getattr(session, name)
        session.save()
        self.assertEqual(living(), before)

    def test_changes_inside_values_are_saved_without_changed(self) -> None:
        session = self.saved(cart={"items": ["tea"]})
        session["cart"]["items"].append("milk")
        later = self.reopened(session)
        self.assertEqual(later["cart"], {"items": ["tea", "milk"]})
        later["cart"]["items"].append("honey")
        later.changed()
        self.assertEqual(self.reopened(later)["cart"], {"items": ["tea", "milk", "honey"]})

    def test_parallel_requests_write_different_keys(self) -> None:
        first = self.saved(a=1)
        second = self.opened(first.loaded.token)
        first["b"] = 2
        second["c"] = 3
        first.save()
        self.assertEqual(self.reopened(second), {"a": 1, "b": 2, "c": 3})


class Flash(SessionTest):
    def test_is_appended_peeked_and_popped_once(self) -> None:
        self.session.flash("one")
        self.session.flash("two")
        later = self.reopened(self.session)
        self.assertEqual(later.peek_flash(), ["one", "two"])
        self.assertEqual(later.pop_flash(), ["one", "two"])
        self.assertEqual(later.peek_flash(), [])
        self.assertEqual(self.reopened(later).pop_flash(), [])

    def test_queues_are_independent_and_missing_ones_empty(self) -> None:
        self.session.flash("one")
        self.session.flash("oops", "errors")
        later = self.reopened(self.session)
        self.assertEqual(later.pop_flash("errors"), ["oops"])
        self.assertEqual(later.peek_flash(), ["one"])
        self.assertEqual(later.peek_flash("other"), [])
        self.assertEqual(later.pop_flash("other"), [])

    def test_skips_duplicates_on_request_in_one_request_and_over_several(self) -> None:
        self.session.flash("one", allow_duplicate=False)
        self.session.flash("one", allow_duplicate=False)
        self.session.flash("one")
        later = self.reopened(self.session)
        later.flash("one", "", False)
        later.flash("one", "other", False)
        last = self.reopened(later)
        self.assertEqual(last.pop_flash(), ["one", "one"])
        self.assertEqual(last.pop_flash("other"), ["one"])

    def test_popping_the_last_message_ends_no_session(self) -> None:
        self.session.flash("one")
        later = self.reopened(self.session)
        later.pop_flash()
        self.assertIs(self.reopened(later).new, False)
