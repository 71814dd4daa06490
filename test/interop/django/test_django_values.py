"""Values: the same as with Django's own backends, and readable in other languages."""

from __future__ import annotations

import pickle
import unittest
from datetime import date
from typing import Any

from django.contrib.sessions.serializers import JSONSerializer
from django.test import override_settings
from django_world import ADDRESS
from session_sidecar import SessionClient
from session_sidecar.django import SessionStore
from session_sidecar.django.contents import StoredContents


class PickleSerializer:
    """Django 4 had one; applications that still need it bring their own."""

    def dumps(self, obj: Any) -> bytes:
        return pickle.dumps(obj)

    def loads(self, data: bytes) -> Any:
        return pickle.loads(data)


def after_saving(session: SessionStore) -> dict[Any, Any]:
    session.save()
    return dict(SessionStore(session.session_key).items())


class JsonTest(unittest.TestCase):
    def setUp(self) -> None:
        self.client = SessionClient(ADDRESS, timeout=30)
        self.addCleanup(self.client.close)

    def test_values_come_back_as_django_encodes_them(self) -> None:
        session = SessionStore()
        session["list"] = [1, 2.5, None, True, {"nested": {}}]
        session["tuple"] = (1, 2)
        session["text"] = "Grüße 👋 \ud800"
        session["large"] = 2**70
        session["infinite"] = float("inf")
        session[0] = {1: "one"}
        self.assertEqual(
            after_saving(session),
            {
                "list": [1, 2.5, None, True, {"nested": {}}],
                "tuple": [1, 2],
                "text": "Grüße 👋 \ud800",
                "large": 2**70,
                "infinite": float("inf"),
                "0": {"1": "one"},
            },
        )

    def test_what_only_python_takes_for_json_is_wrapped(self) -> None:
        session = SessionStore()
        session["infinite"] = float("inf")
        session.save()
        self.assertEqual(list(self.client.open(session.session_key)["infinite"]), ["$django"])

    def test_a_value_that_json_cannot_hold_is_refused_by_save_and_nothing_is_stored(self) -> None:
        session = SessionStore()
        session.save()
        for key, value in (("day", date.today()), ("set", {1}), (("tuple",), 1)):
            session["good"] = key[0]
            session[key] = value
            with self.assertRaises(TypeError):
                session.save()
            del session[key]
            self.assertEqual(SessionStore(session.session_key).load(), {})
        self.assertEqual(after_saving(session), {"good": "tuple"})

    def test_a_key_that_the_sidecar_cannot_hold_is_refused_by_save(self) -> None:
        session = SessionStore()
        for key in ("", "a\nb", "x" * 257):
            session[key] = 1
            with self.assertRaisesRegex(ValueError, "key of the session"):
                session.save()
            del session[key]
        self.assertEqual(after_saving(session), {})

    def test_other_languages_read_and_write_the_same_values(self) -> None:
        session = SessionStore()
        session["cart"] = ["Grüße"]
        session.save()
        other = self.client.open(session.session_key)
        self.assertEqual(dict(other), {"cart": ["Grüße"]})
        other["cart"].append("👋")
        other["count"] = 2**60
        other.save()
        again = SessionStore(session.session_key)
        self.assertEqual(dict(again.items()), {"cart": ["Grüße", "👋"], "count": 2**60})

    def test_a_value_that_another_language_has_written_differently_is_not_written_again(self) -> None:
        other = self.client.create()
        other["text"] = "Grüße"
        other.save()
        session = SessionStore(other.token)
        session["more"] = 1
        later = self.client.open(other.token)
        later["text"] = "changed"
        later.save()
        self.assertEqual(after_saving(session), {"text": "changed", "more": 1})

    def test_a_dictionary_that_looks_like_a_wrapped_value_stays_one(self) -> None:
        session = SessionStore()
        session["value"] = {"$django": "bm90aGluZw=="}
        self.assertEqual(after_saving(session), {"value": {"$django": "bm90aGluZw=="}})

    def test_the_user_of_a_login_is_the_subject(self) -> None:
        session = SessionStore()
        session.cycle_key()
        session["_auth_user_id"] = "7"
        session.save()
        self.assertEqual(self.client.open(session.session_key).subject, "7")
        session["other"] = 1
        session.save()
        self.assertEqual(self.client.open(session.session_key).subject, "7")
        del session["_auth_user_id"]
        session.save()
        self.assertIsNone(self.client.open(session.session_key).subject)

    def test_the_expiry_is_the_idle_timeout(self) -> None:
        def lifetime(session: SessionStore) -> float:
            opened = self.client.open(session.session_key)
            assert opened.expires and opened.created
            return (opened.expires - opened.created).total_seconds()

        with override_settings(SESSION_COOKIE_AGE=5000):
            session = SessionStore()
            session.save()
        self.assertAlmostEqual(lifetime(session), 5000, delta=1000)
        session.set_expiry(20_000)
        session.cycle_key()
        session.save()
        self.assertAlmostEqual(lifetime(session), 20_000, delta=1000)
        session.set_expiry(10**12)
        session.save()
        self.assertGreater(lifetime(session), 20_000)


class OtherSerializerTest(unittest.TestCase):
    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        with override_settings(SESSION_SERIALIZER=f"{__name__}.PickleSerializer"):
            return super().run(result)

    def test_values_have_the_types_of_the_serializer(self) -> None:
        session = SessionStore()
        session["day"] = date(2026, 11, 26)
        session["tuple"] = (1, {2})
        self.assertEqual(after_saving(session), {"day": date(2026, 11, 26), "tuple": (1, {2})})

    def test_a_value_that_cannot_be_read_is_ignored_logged_and_stays(self) -> None:
        session = SessionStore()
        session["day"] = date(2026, 11, 26)
        session.save()
        with override_settings(SESSION_SERIALIZER="django.contrib.sessions.serializers.JSONSerializer"):
            changed = SessionStore(session.session_key)
            with self.assertLogs("django.security.SuspiciousSession", "WARNING") as logs:
                changed["more"] = 1
            self.assertNotIn("day", logs.output[0])
            self.assertEqual(dict(changed.items()), {"more": 1})
            changed.save()
        with self.assertLogs("django.security.SuspiciousSession", "WARNING"):
            again = SessionStore(session.session_key)
            self.assertEqual(dict(again.items()), {"day": date(2026, 11, 26)})
            again["more"] = (1,)
            self.assertEqual(after_saving(again), {"day": date(2026, 11, 26), "more": (1,)})


class SentChangesTest(unittest.TestCase):
    def test_a_value_that_may_have_been_stored_is_removed_as_one_that_was(self) -> None:
        contents = StoredContents(JSONSerializer())
        contents.expect(contents.changes({"cat": "dog"}))
        # No reply has arrived.
        self.assertEqual(len(contents.changes({"cat": "dog"})), 1)
        self.assertEqual([change.delete.key for change in contents.changes({})], ["cat"])


if __name__ == "__main__":
    unittest.main()
