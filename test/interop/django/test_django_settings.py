"""The setting SESSION_SIDECAR."""

from __future__ import annotations

import tempfile
import time
import unittest
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.test import override_settings
from django_world import ADDRESS, OPTIONS
from session_sidecar import SessionError
from session_sidecar.django import SessionStore
from session_sidecar.django.connection import connection
from session_sidecar_proto.session.v1 import session_service_pb2 as api


class SettingsTest(unittest.TestCase):
    def refusal(self, options: Any) -> str:
        with self.assertRaises(ImproperlyConfigured) as raised, override_settings(SESSION_SIDECAR=options):
            pass
        return str(raised.exception)

    def test_all_options_of_the_client_are_accepted(self) -> None:
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("token")
            file.flush()
            more = ({"API_TOKEN": "token"}, {"API_TOKEN_FILE": file.name}, {"CACHE_BYTES": 1 << 20})
            for options in more:
                with override_settings(SESSION_SIDECAR={**OPTIONS, "TRANSPORT": "unary", **options}):
                    session = SessionStore()
                    session["cat"] = "dog"
                    session.save()
                    self.assertEqual(SessionStore(session.session_key).load(), {"cat": "dog"})

    def test_mistakes_name_the_option(self) -> None:
        self.assertRegex(self.refusal({"ADRESS": ADDRESS}), "no option 'ADRESS'.*ADDRESS")
        self.assertRegex(self.refusal({"TIMEOUT": 0}), "SESSION_SIDECAR: Expected the timeout")
        self.assertRegex(self.refusal({"TRANSPORT": "http"}), "SESSION_SIDECAR: Expected the transport")
        self.assertRegex(self.refusal({"CACHE_BYTES": 0}), "SESSION_SIDECAR: Expected a cache")
        self.assertRegex(self.refusal(ADDRESS), "to be a dictionary, got str")

    def test_a_mistake_does_not_show_the_api_token(self) -> None:
        self.assertNotIn("s3cret", self.refusal({**OPTIONS, "API_TOKEN": "s3cret\n"}))

    def test_a_setting_that_is_refused_leaves_the_one_before(self) -> None:
        self.refusal({"ADRESS": ADDRESS})
        session = SessionStore()
        session.save()
        self.assertTrue(session.exists(session.session_key))

    def test_a_connection_that_is_replaced_is_closed(self) -> None:
        with override_settings(SESSION_SIDECAR=OPTIONS):
            transport = connection.transport
        with self.assertRaisesRegex(SessionError, "CANCELLED"):
            transport("GetSession", api.GetSessionRequest(token="someunknownkey"))


class CacheTest(unittest.TestCase):
    def test_a_cached_session_shows_own_changes_at_once(self) -> None:
        with override_settings(SESSION_SIDECAR={**OPTIONS, "CACHE_BYTES": 1 << 20}):
            session = SessionStore()
            for number in range(5):
                session["number"] = number
                session.save()
                self.assertEqual(SessionStore(session.session_key)["number"], number)
            end = time.monotonic() + 30
            while connection.transport.cache_stats.live == 0 and time.monotonic() < end:
                SessionStore(session.session_key).load()
            self.assertGreater(connection.transport.cache_stats.live, 0)
            session.flush()
            self.assertEqual(SessionStore(session.session_key).load(), {})


if __name__ == "__main__":
    unittest.main()
