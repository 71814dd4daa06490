"""What the former libraries add to the session object that Pyramid promises."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

from pyramid_world import SessionTest, living
from session_sidecar.pyramid.former_members import FORMER_MEMBERS


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
