"""What Pyramid and the former libraries promise of a session object."""

from __future__ import annotations

import time
import unittest
from datetime import datetime, timedelta, timezone
from typing import Any

from pyramid.interfaces import ICSRFStoragePolicy, ISession, ISessionFactory
from pyramid.request import Request
from pyramid_world import PyramidTest, living
from session_sidecar.pyramid import PyramidSession, SidecarCSRFStoragePolicy
from session_sidecar.pyramid.former_members import FORMER_MEMBERS
from zope.interface.verify import verifyObject


class SessionTest(PyramidTest):
    """A test with the session of one request, without a server."""

    def setUp(self) -> None:
        self.registry = self.committed()
        self.session = self.opened(None)

    def committed(self, **settings: Any) -> Any:
        config = self.configurator(client=self.client, **settings)
        config.commit()
        return config.registry

    def opened(self, token: str | None) -> PyramidSession:
        """Return the session of a new request with this token."""
        request = Request.blank("/", cookies={"session": token} if token else {})
        request.registry = self.registry
        session: PyramidSession = request.session
        return session

    def saved(self, **content: Any) -> PyramidSession:
        """Return the session of a request whose visitor has a session with this content."""
        session = self.opened(None)
        session.update(content)
        session.save()
        return self.opened(session.loaded.token)

    def reopened(self, session: PyramidSession) -> PyramidSession:
        """Save a session, and return that of the visitor's next request."""
        session.save()
        return self.opened(session.loaded.token)


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


class Dictionary(SessionTest):
    def test_reads(self) -> None:
        session = self.saved(a=1, b=2)
        self.assertEqual(session["a"], 1)
        self.assertEqual(session.get("a"), 1)
        self.assertIsNone(session.get("c"))
        self.assertEqual(session.get("c", 3), 3)
        self.assertIn("a", session)
        self.assertNotIn("c", session)
        self.assertTrue(session.has_key("a"))
        self.assertEqual(sorted(session), ["a", "b"])
        for keys in (session.keys(), session.iterkeys()):
            self.assertEqual(sorted(keys), ["a", "b"])
        for values in (session.values(), session.itervalues()):
            self.assertEqual(sorted(values), [1, 2])
        for items in (session.items(), session.iteritems()):
            self.assertEqual(sorted(items), [("a", 1), ("b", 2)])
        self.assertEqual(len(session), 2)
        self.assertEqual(session, {"a": 1, "b": 2})
        self.assertEqual(session.managed_dict, {"a": 1, "b": 2})
        with self.assertRaises(KeyError):
            session["c"]

    def test_writes(self) -> None:
        session = self.saved(a=1, b=2, c=3)
        del session["a"]
        with self.assertRaises(KeyError):
            del session["a"]
        session.update({"d": 4}, e=5)
        self.assertEqual(session.setdefault("d", 0), 4)
        self.assertEqual(session.setdefault("f", 6), 6)
        self.assertIsNone(session.setdefault("g"))
        self.assertEqual(session.pop("b"), 2)
        self.assertEqual(self.reopened(session), {"c": 3, "d": 4, "e": 5, "f": 6, "g": None})

    def test_pop_without_a_default_returns_none_for_a_missing_key(self) -> None:
        self.assertIsNone(self.session.pop("a"))
        self.assertEqual(self.session.pop("a", 7), 7)

    def test_setdefault_does_not_replace_what_a_parallel_request_has_stored(self) -> None:
        first = self.saved(a=1)
        second = self.opened(first.loaded.token)
        first.setdefault("b", "first")
        second.setdefault("b", "second")
        first.save()
        self.assertEqual(self.reopened(second)["b"], "first")

    def test_a_key_that_is_set_and_removed_stores_nothing(self) -> None:
        before = living()
        self.session["a"] = 1
        del self.session["a"]
        self.session.save()
        self.assertEqual(living(), before)

    def test_popitem_removes_an_item(self) -> None:
        session = self.saved(a=1)
        self.assertEqual(session.popitem(), ("a", 1))
        with self.assertRaises(KeyError):
            session.popitem()
        self.assertEqual(self.reopened(session), {})

    def test_a_copy_is_a_dictionary_of_its_own(self) -> None:
        session = self.saved(a=1)
        copy = session.copy()
        copy["b"] = 2
        self.assertIs(type(copy), dict)
        self.assertEqual(session, {"a": 1})

    def test_clear_removes_keys_messages_and_the_csrf_token(self) -> None:
        session = self.saved(a=1)
        token = session.get_csrf_token()
        session.flash("stored")
        session.flash("stored", "errors")
        later = self.reopened(session)
        later.flash("pending")
        later.clear()
        for cleared in (later, self.reopened(later)):
            self.assertEqual(cleared, {})
            self.assertEqual(cleared.peek_flash(), [])
            self.assertEqual(cleared.peek_flash("errors"), [])
            self.assertFalse(cleared.check_csrf_token(token))
            self.assertIs(cleared.new, False)

    def test_rejects_keys_and_values_that_cannot_be_stored_when_they_are_set(self) -> None:
        with self.assertRaises(TypeError):
            self.session[1] = "a"  # type: ignore[index]
        with self.assertRaises(ValueError):
            self.session["a\nb"] = 1
        with self.assertRaises(TypeError):
            self.session["a"] = object()
        self.session["b"] = 1
        self.assertEqual(self.reopened(self.session), {"b": 1})

    def test_its_representation_contains_no_value_and_no_token(self) -> None:
        session = self.saved(password="hunter2")
        self.assertNotIn("hunter2", repr(session))
        self.assertNotIn(str(session.loaded.token), repr(session))


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


class Former(SessionTest):
    def test_id_is_public_and_reading_it_stores_nothing(self) -> None:
        before = living()
        self.assertIsNone(self.session.session_id)
        self.assertIsNone(self.session.session_id_safecheck)
        self.session.save()
        self.assertEqual(living(), before)
        session = self.saved(a=1)
        self.assertEqual(session.session_id, session.handle)
        self.assertNotIn(session.session_id, [None, session.loaded.token])

    def test_ensure_id_stores_the_session(self) -> None:
        identity = self.session.ensure_id()
        self.assertTrue(identity)
        self.assertEqual(self.opened(self.session.loaded.token).session_id, identity)

    def test_session_id_safecheck_stores_a_session_with_content(self) -> None:
        self.session["a"] = 1
        self.assertTrue(self.session.session_id_safecheck)
        self.assertEqual(self.opened(self.session.loaded.token), {"a": 1})

    def test_do_persist_saves(self) -> None:
        self.session["a"] = 1
        self.session.do_persist()
        self.assertEqual(self.opened(self.session.loaded.token), {"a": 1})

    def test_timeout_of_one_session_is_stored(self) -> None:
        for adjust in ("adjust_timeout_for_session", "adjust_session_timeout"):
            session = self.saved(a=1)
            self.assertEqual(session.timeout, 1200)
            getattr(session, adjust)(60)
            later = self.reopened(session)
            self.assertEqual(later.timeout, 60)
            self.assertLess(abs(later.expires - time.time() - 60), 30)  # type: ignore[operator]
            getattr(later, adjust)(None)
            last = self.reopened(later)
            self.assertIsNone(last.timeout)
            self.assertIsNone(last.expires)

    def test_timeout_of_a_new_session_waits_for_its_first_write(self) -> None:
        before = living()
        self.session.adjust_timeout_for_session(60)
        self.assertEqual(self.session.timeout, 60)
        self.session.save()
        self.assertEqual(living(), before)
        self.session["a"] = 1
        self.assertEqual(self.reopened(self.session).timeout, 60)

    def test_timeout_of_the_settings_comes_back_after_invalidate(self) -> None:
        self.registry = self.committed(timeout="300")
        session = self.saved(a=1)
        self.assertEqual(session.timeout, 300)
        session.adjust_timeout_for_session(60)
        session.invalidate()
        self.assertEqual(session.timeout, 300)
        session["b"] = 1
        self.assertEqual(self.reopened(session).timeout, 300)

    def test_timeout_of_the_settings_is_that_of_a_login_that_goes_on_with_another_session(self) -> None:
        self.registry = self.committed(timeout="300")
        for own in (None, 60):
            session = self.saved(a=1)
            self.reopened(session).invalidate()
            session["user"] = "Ada"
            if own is not None:
                session.adjust_timeout_for_session(own)
            session.regenerate(or_create=True)
            self.assertEqual((dict(session), session.timeout), ({"user": "Ada"}, own or 300))
            self.assertEqual(self.reopened(session).timeout, own or 300)

    def test_version_counts_changes(self) -> None:
        session = self.saved(a=1)
        before = session.version
        session["b"] = 2
        self.assertEqual(self.reopened(session).version, before + 1)

    def test_subject_says_whose_the_session_is(self) -> None:
        session = self.saved(a=1)
        session.subject = "ada"
        self.assertEqual(self.reopened(session).subject, "ada")

    def test_transform_loses_no_change(self) -> None:
        first = self.saved(visits=1)
        second = self.opened(first.loaded.token)
        for session in (first, second):
            session.transform("visits", lambda visits: visits + 1)
        self.assertEqual(self.reopened(second)["visits"], 3)

    def test_what_is_gone_says_why(self) -> None:
        self.assertGreater(len(FORMER_MEMBERS), 10)
        for name, reason in FORMER_MEMBERS.items():
            with self.subTest(name), self.assertRaises(AttributeError) as raised:
                getattr(self.session, name)
            self.assertIn(reason, str(raised.exception))
        self.assertFalse(hasattr(self.session, "no_such_member"))

    def test_the_cookie_cannot_be_kept_for_no_time(self) -> None:
        for age in (0, -1, timedelta(seconds=-1)):
            with self.assertRaises(ValueError):
                self.session.adjust_cookie_max_age(age)
        with self.assertRaises(ValueError):
            self.session.adjust_cookie_expires(datetime.now(timezone.utc) - timedelta(days=1))


if __name__ == "__main__":
    unittest.main()
