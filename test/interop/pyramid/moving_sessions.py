"""Visitors of an application on pyramid_session_redis, whose sessions are imported, and who come back to session_sidecar.pyramid.

REDIS_PORT is that of the Redis of the sidecar, which has the former sessions in another database. IMPORT is the command, as JSON.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import unittest
from typing import Any

import redis
from pyramid.config import Configurator
from pyramid_world import SETTINGS, PyramidTest, Visitor, calls, created, quietly

SECRET = "a secret of the former library"
DATABASE = "5"
PORT = os.environ["REDIS_PORT"]
THEIRS = {
    "redis.sessions.secret": SECRET,
    "redis.sessions.redis_host": "127.0.0.1",
    "redis.sessions.redis_port": PORT,
    "redis.sessions.redis_db": DATABASE,
    "redis.sessions.timeout": "3600",
    "redis.sessions.prefix": "shop:",
    "redis.sessions.serialize": lambda session: json.dumps(session).encode(),
    "redis.sessions.deserialize": json.loads,
}


def view(request: Any) -> Any:
    """Do what the path says, and answer with all that the session has."""
    session = request.session
    action = request.matchdict["path"][0] if request.matchdict["path"] else ""
    if action == "login":
        session["user"] = {"id": 12345678901234567890, "name": "Ada"}
        session.flash("Welcome")
        session.flash("Careful", "warnings")
    if action == "logout":
        session.invalidate()
        return {}
    if action == "cacheable":
        request.response.headers["Cache-Control"] = "public"
    if action == "regenerate":
        session.regenerate()
    return {
        "user": session.get("user"),
        "flash": session.pop_flash() if action == "messages" else session.peek_flash(),
        "warnings": session.peek_flash("warnings"),
        "csrf": session.get_csrf_token() if session.get("user") else None,
        "new": session.new,
    }


def configured(settings: dict[str, Any], package: str) -> Any:
    config = Configurator(settings=settings)
    config.include(package)
    config.add_route("any", "/*path")
    config.add_view(view, route_name="any", renderer="json")
    return config.make_wsgi_app()


class Moving(PyramidTest):
    def setUp(self) -> None:
        self.former = redis.Redis(port=int(PORT), db=int(DATABASE))
        self.addCleanup(self.former.close)
        self.former.flushdb()

    def former_visitor(self, **settings: Any) -> Visitor:
        visitor = self.visitor(configured({**THEIRS, **settings}, "pyramid_session_redis"))
        self.assertEqual(visitor.get("/login").status, 200)
        return visitor

    def moved(self, before: Visitor, **settings: Any) -> Visitor:
        """Return the same browser at the application on session_sidecar.pyramid."""
        ours = {"redis.sessions.former_secret": SECRET, **SETTINGS, **settings}
        visitor = self.visitor(configured(ours, "session_sidecar.pyramid"))
        visitor.cookies.update(before.cookies)
        return visitor

    def import_all(self, *options: str) -> Any:
        command = [*json.loads(os.environ["IMPORT"]), "--source", f"redis://127.0.0.1:{PORT}/{DATABASE}", "--again", *options]
        outcome = subprocess.run(command, capture_output=True, text=True, check=False)
        self.assertEqual(outcome.stderr, "")
        return json.loads(outcome.stdout)

    def test_keeps_data_messages_tokens_and_cookies(self) -> None:
        before = self.former_visitor()
        theirs = before.get().json
        result = self.import_all("--prefix", "shop:", "--subject", "/user/id")
        self.assertEqual((result["imported"], result["failed"], result["withoutSubject"]), (1, 0, 0))
        visitor = self.moved(before)
        first = visitor.get()
        self.assertEqual(first.json, {**theirs, "new": False})
        self.assertEqual(first.cookie, "set")
        self.assertNotEqual(visitor.token, before.token)
        session = self.stored(visitor.token)
        self.assertEqual(session["user"], {"id": 12345678901234567890, "name": "Ada"})
        self.assertEqual(session.idle_timeout and session.idle_timeout.total_seconds(), 3600)
        self.assertEqual([each.handle for each in self.client.for_subject("12345678901234567890").list()], [session.handle])
        self.assertEqual(visitor.get("/messages").json["flash"], ["Welcome"])
        second = visitor.get()
        self.assertEqual((second.json["flash"], second.cookie), ([], "none"))

    def test_costs_one_call_and_nothing_without_a_former_cookie(self) -> None:
        before = self.former_visitor()
        self.import_all()
        visitor = self.moved(before)
        reads = calls("GetSession")
        visitor.get()
        self.assertEqual(calls("GetSession"), reads + 1)
        stranger = self.moved(Visitor(0))
        stranger.get()
        self.assertEqual(calls("GetSession"), reads + 1)

    def test_several_first_requests_get_the_same_session(self) -> None:
        before = self.former_visitor()
        self.import_all()
        tokens = set()
        for _ in range(3):
            visitor = self.moved(before)
            visitor.get()
            tokens.add(visitor.token)
        self.assertEqual(len(tokens), 1)

    def test_a_visitor_who_signs_out_is_signed_out(self) -> None:
        before = self.former_visitor()
        self.import_all()
        visitor = self.moved(before)
        self.assertEqual(visitor.get("/logout").cookie, "delete")
        count = created()
        again = self.moved(before)
        self.assertEqual(again.get().json, {"user": None, "flash": [], "warnings": [], "csrf": None, "new": True})
        self.assertEqual(created(), count)

    def test_a_new_session_does_not_get_the_former_id(self) -> None:
        before = self.former_visitor()
        visitor = self.moved(before)
        self.assertIs(visitor.get("/login").json["new"], True)
        self.assertIs(self.moved(before).get().json["new"], True)

    def test_the_former_cookie_is_dead_once_the_token_was_replaced(self) -> None:
        before = self.former_visitor()
        self.import_all()
        visitor = self.moved(before)
        self.assertIsNotNone(visitor.get("/regenerate").json["user"])
        self.assertIsNotNone(visitor.get().json["user"])
        self.assertIsNone(self.moved(before).get().json["user"])

    def test_a_response_without_cookies_ends_nothing(self) -> None:
        before = self.former_visitor()
        self.import_all()
        setting = "session_sidecar.func_check_response_allow_cookies"
        visitor = self.moved(before, **{setting: "session_sidecar.pyramid.check_response_allow_cookies"})
        answer = visitor.get("/cacheable")
        self.assertEqual((answer.cookie, answer.json["new"]), ("none", False))
        self.assertIs(visitor.get().json["new"], False)

    def test_another_secret_finds_nothing(self) -> None:
        before = self.former_visitor()
        self.import_all()
        for changed in ("x" + (before.token or "")[1:], (before.token or "")[:40], "é", "%", ""):
            visitor = self.moved(before)
            visitor.cookies["session"] = changed
            with self.subTest(changed):
                self.assertIs(quietly(visitor.get).json["new"], True)
        self.assertIs(self.moved(before, **{"redis.sessions.former_secret": "another"}).get().json["new"], True)

    def test_pickles_are_counted_and_never_read(self) -> None:
        self.former_visitor(**{"redis.sessions.serialize": pickle.dumps, "redis.sessions.deserialize": pickle.loads})
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            payload = {"m": {"a": 1}, "c": 1, "v": 1}
            self.former.set(f"pickle-{protocol}", pickle.dumps(payload, protocol=protocol))
        result = self.import_all()
        self.assertEqual((result["imported"], result["failed"]), (0, 7))
        self.assertEqual(result["failures"], {"pickle": {"count": 7, "handles": []}})


if __name__ == "__main__":
    unittest.main()
