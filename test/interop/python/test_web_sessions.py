"""That what stands for a session is complete: a new member of Session is not forgotten."""

from __future__ import annotations

import unittest
from datetime import timedelta
from typing import Any

from session_sidecar import AsyncSession, AsyncSessionClient, Session, SessionClient, SessionError
from session_sidecar.web import LazySession
from session_sidecar.web.unavailable_session import make_available, make_unavailable

# What is for logs or of no use to tell visitors apart.
FACTS = {"created", "expires", "fence", "handle", "has_changes", "invalidate", "token", "version"}
ERROR = SessionError("UNAVAILABLE", "made up")


clients: dict[type, Any] = {
    Session: SessionClient("127.0.0.1:1", timeout=0.05),
    AsyncSession: AsyncSessionClient("127.0.0.1:1", timeout=0.05),
}


def members() -> set[str]:
    """Return the public members of a session. Only clients make sessions, so fromkeys() is none."""
    methods = {name for name in dir(Session) if not name.startswith("_")}
    return (methods | {"is_new", "origin", "token"}) - {"fromkeys"}


class UnavailableTest(unittest.TestCase):
    def unavailable(self, kind: type[Session] | type[AsyncSession], is_reported: bool) -> Any:
        session = clients[kind].create()
        make_unavailable(session, ERROR, is_reported=is_reported, end=lambda: make_available(session))
        return session

    def test_refuses_to_write(self) -> None:
        writes: list[Any] = [
            lambda s: s.__setitem__("a", 1),
            lambda s: s.__delitem__("a"),
            lambda s: s.update({"a": 1}),
            lambda s: s.pop("a", None),
            lambda s: s.popitem(),
            lambda s: s.clear(),
            lambda s: s.setdefault("a", 1),
            lambda s: s.flash("message"),
            lambda s: s.set_idle_timeout(None),
            lambda s: setattr(s, "subject", "Ada"),
            lambda s: setattr(s, "idle_timeout", None),
            lambda s: s.__ior__({"a": 1}),
            lambda s: s.pop_flash_and_save(),
            lambda s: s.save(),
            lambda s: s.regenerate(),
            lambda s: s.transform("a", str),
            lambda s: s.csrf_token(),
            lambda s: s.new_csrf_token(),
            lambda s: s.check_csrf_token("token"),
        ]
        for kind in (Session, AsyncSession):
            for is_reported in (True, False):
                session = self.unavailable(kind, is_reported)
                for write in writes:
                    with self.assertRaises(SessionError) as raised:
                        write(session)
                    self.assertIs(raised.exception, ERROR)

    def test_fails_at_the_first_use_and_reads_as_empty_then(self) -> None:
        reads: list[Any] = [
            lambda s: s["a"],
            lambda s: s.get("a"),
            lambda s: "a" in s,
            lambda s: list(s),
            lambda s: len(s),
            lambda s: list(s.items()),
            lambda s: s == {},
            lambda s: s.is_new,
            lambda s: s.origin,
            lambda s: s.subject,
            lambda s: s.pop_flash(),
            lambda s: s.flash_queues,
            lambda s: s.state,
            lambda s: s.copy(),
            lambda s: s | {},
            lambda s: {} | s,
            lambda s: list(reversed(s)),
        ]
        for read in reads:
            session = self.unavailable(Session, is_reported=False)
            with self.assertRaises(SessionError):
                read(session)
            self.assertEqual((dict(session), session.is_new, session.subject, session.pop_flash()), ({}, True, None, []))
            self.assertNotIn("a", session)

    def test_works_like_a_new_one_once_it_was_ended(self) -> None:
        session = self.unavailable(Session, is_reported=False)
        self.assertIsInstance(session, Session)
        session.invalidate()
        session["a"] = 1
        session.subject = "Ada"
        self.assertIs(type(session), Session)
        self.assertEqual((dict(session), session.is_new, session.has_changes), ({"a": 1}, True, True))

    def test_every_member_is_refused_read_or_a_fact(self) -> None:
        from session_sidecar.web import unavailable_session as module

        covered = {*module._REFUSED, *module._READ, *module._PROPERTIES, *FACTS}
        self.assertEqual(members() - covered, set())


class LazyTest(unittest.TestCase):
    def test_has_everything_that_a_session_has(self) -> None:
        self.assertEqual(members() - set(dir(LazySession)), set())

    def test_sets_nothing_if_one_of_several_values_is_refused(self) -> None:
        session: Session = clients[Session].create()
        lazy = LazySession(lambda: session)
        for update in (lambda: lazy.update({"a": 1, "b": object()}), lambda: lazy.__ior__({"a": 1, "b": object()})):
            self.assertRaises(TypeError, update)
            self.assertEqual(dict(session), {})

    def test_loads_at_the_first_use_only(self) -> None:
        loads = []
        session: Session = clients[Session].create()

        def load() -> Session:
            loads.append(1)
            return session

        lazy = LazySession(load)
        self.assertEqual((repr(lazy), loads), ("<LazySession>", []))
        lazy["a"] = [1]
        lazy.setdefault("b", 2)
        lazy.subject = "Ada"
        lazy.flash("message")
        self.assertEqual((dict(lazy), len(lazy), "a" in lazy, lazy.subject), ({"a": [1], "b": 2}, 2, True, "Ada"))
        self.assertEqual((lazy.pop_flash(), lazy.popitem(), lazy.is_new, lazy.handle), (["message"], ("b", 2), True, None))
        self.assertEqual((lazy | {"c": 3}, {"c": 3} | lazy, [*reversed(lazy)]), ({"a": [1], "c": 3}, {"c": 3, "a": [1]}, ["a"]))
        lazy |= {"d": 4}
        self.assertEqual((lazy.copy(), [*lazy.values()], lazy.state), ({"a": [1], "d": 4}, [[1], 4], "new"))
        lazy.update(d=5)
        del lazy["a"]
        self.assertEqual(
            (dict(session), lazy.has_changes, lazy.token, lazy.version, lazy.origin), ({"d": 5}, True, None, 0, "none")
        )
        lazy.idle_timeout = timedelta(hours=1)
        self.assertEqual((session.idle_timeout, lazy.idle_timeout), (timedelta(hours=1),) * 2)
        self.assertFalse(lazy.check_csrf_token("token"))


if __name__ == "__main__":
    unittest.main()
