"""The same requests to an application on pyramid_session_redis and to one on session_sidecar.pyramid.

They must have the same outcomes, but for the differences that docs/guide/coming-from-pyramid.md documents. REDIS_PORT is that of
a Redis for the former library.
"""

from __future__ import annotations

import os
import unittest
from dataclasses import dataclass, field
from typing import Any

from beside_view import Memory, ask, configure
from pyramid.config import Configurator
from pyramid_page import headings, rows_of
from pyramid_world import SETTINGS, PyramidTest, Visitor, quietly

THEIRS = {
    "redis.sessions.secret": "a secret of the former library",
    "redis.sessions.redis_host": "127.0.0.1",
    "redis.sessions.redis_port": os.environ["REDIS_PORT"],
}


@dataclass
class Difference:
    """Requests of which the last has different outcomes, and the first cell of the row that documents it.

    settings: those of both applications.
    """

    row: str
    requests: list[str]
    theirs: list[Any]
    ours: list[Any]
    settings: dict[str, str] = field(default_factory=dict)


# Requests of one visitor, one after another, by what they are about. Those in which the session becomes empty are in DIFFERENT.
SAME: dict[str, list[str]] = {
    "nothing": ["", "new"],
    "reading": ["get a; in a; keys; items; values; iter; has_key a; new", "new"],
    "a key": ["set a 1; get a; new", "get a; item a; in a; has_key a; new", "keys; values; items; iter"],
    "a missing key": ["item a; del a; pop a; popitem", "set b 1", "item a; del a; pop a"],
    "removing": ["set a 1; set b 2; set c 3; set d 4", "del a; pop b; keys", "set d 5; del c; popitem; set e 6", "keys"],
    "setdefault": ["setdefault a 1; setdefault a 2", "setdefault a 3; get a"],
    "update": ["update a 1; update b 2", "update a 3", "items"],
    "a value that is changed in place": ["set a [1]", "append a 2; changed", "get a", "append a 3", "get a"],
    "clear": ["set a 1; flash x", "clear; set b 1; keys; peek", "keys; peek"],
    "flash": ["set a 1; flash one; flash two; peek", "peek", "pop-flash; peek; pop-flash", "peek"],
    "queues": ["flash one; flash oops errors", "peek; peek errors; peek other", "pop-flash errors; peek; set a 1", "peek errors"],
    "duplicates": ["flash one; flash-once one; flash one", "flash-once one; flash-once two; peek", "pop-flash; set a 1"],
    "flash and redirect": ["flash one -> redirect", "pop-flash; set a 1"],
    "csrf": ["csrf; csrf", "csrf; new-csrf; csrf", "csrf"],
    "a redirect that is raised": ["set a 1 -> redirect", "get a; set b 2 -> redirect", "items"],
    "an error page": ["set a 1", "set a 2 -> raise", "get a"],
    "a new visitor's error page": ["set a 1 -> raise", "get a; new"],
    "invalidate": ["set a 1", "invalidate", "get a; new"],
    "invalidate and use": ["set a 1", "invalidate; set b 2; keys; new", "items; new"],
    "invalidate twice": ["set a 1", "invalidate; invalidate", "new"],
    "invalidate, use, invalidate": ["set a 1", "invalidate; set b 2; invalidate", "new"],
    "invalidate of a new session": ["invalidate; new", "set a 1; invalidate", "set a 1; invalidate; set b 2", "items"],
    "invalidate and an error page": ["set a 1", "invalidate -> raise", "new"],
    "invalidate, use and an error page": ["set a 1", "invalidate; set b 2 -> raise", "items"],
    "invalidate and a redirect": ["set a 1", "invalidate -> redirect", "new"],
    "timeout": ["timeout; set a 1", "timeout; adjust-timeout 60; timeout", "timeout; get a"],
    "the cookie for another time": ["set a 1; max-age 60", "max-age 60", "get a"],
    "the cookie again": ["set a 1; recookie", "recookie", "get a"],
    "the cookie of a new session": ["recookie", "max-age 60", "new"],
    "created": ["created; set a 1", "created"],
    "an id now": ["set a 1; ensure-id", "get a"],
    "storing now": ["set a 1; persist; set b 2", "items; set c 3; persist", "items"],
    "a request meanwhile that only reads": ["set a 1", "set b 2; meanwhile get a, get b", "items"],
}

# By what they are about, too.
DIFFERENT = {
    "an emptied session": Difference(
        "`invalidate_empty_session`",
        ["set a 1", "del a"],
        [200, [None], "delete"],
        [200, [None], "none"],
    ),
    "the last message": Difference(
        "`pop_flash(queue)`",
        ["flash one", "pop-flash"],
        [200, [["one"]], "delete"],
        [200, [["one"]], "none"],
    ),
    "a message that is read twice": Difference(
        "`pop_flash(queue)`",
        ["flash x; set a 1", "peek; meanwhile pop-flash; pop-flash"],
        [200, [["x"], [200, [["x"]]], ["x"]], "none"],
        [200, [["x"], [200, [["x"]]], []], "none"],
    ),
    "a message that is added meanwhile": Difference(
        "parallel requests write different keys: one is lost",
        ["flash x; set a 1", "pop-flash; meanwhile flash y", "pop-flash"],
        [200, [[]], "none"],
        [200, [["y"]], "none"],
    ),
    "a key that is set meanwhile": Difference(
        "parallel requests write different keys: one is lost",
        ["set a 1", "set b 2; meanwhile set c 3", "keys"],
        [200, [["a", "b"]], "none"],
        [200, [["a", "b", "c"]], "none"],
    ),
    "a default that is set meanwhile": Difference(
        "`setdefault(key, default)`",
        ["set b 1", "get b; meanwhile setdefault a 1; setdefault a 2", "get a"],
        [200, [2], "none"],
        [200, [1], "none"],
    ),
    "a logout meanwhile": Difference(
        "the session was ended by another request: it comes back",
        ["set a 1", "set b 2; meanwhile invalidate"],
        [200, [None, [200, [None]]], "none"],
        [409, None, "none"],
    ),
    "an id without content": Difference(
        "`ensure_id()`",
        ["ensure-id"],
        [200, [True], "none"],
        [200, [True], "set"],
    ),
    "the keys": Difference(
        "the keys `_f_…` and `_csrft_`",
        ["flash x; csrf; set a 1", "keys"],
        [200, [["_csrft_", "_f_", "a"]], "none"],
        [200, [["a"]], "none"],
    ),
    "a timeout of no time": Difference(
        "`adjust_timeout_for_session(seconds)`, `adjust_session_timeout(seconds)`",
        ["set a 1", "adjust-timeout 0; timeout"],
        [500, None, "none"],
        [200, ["ValueError", 1200], "none"],
    ),
    "a response of status 500": Difference(
        "`cookie_on_exception`",
        ["set a 1 -> fail"],
        [500, [None], "set"],
        [500, [None], "none"],
        {"cookie_on_exception": "false"},
    ),
}


class Beside(PyramidTest):
    def setUp(self) -> None:
        self.sides: dict[str, tuple[Memory, int]] = {}

    def both(self, requests: list[str], **settings: str) -> list[list[Any]]:
        """Return the outcomes of the former library and of this one."""
        return [self.outcomes(each, requests, settings) for each in ("pyramid_session_redis", "session_sidecar.pyramid")]

    def outcomes(self, library: str, requests: list[str], settings: dict[str, str]) -> list[Any]:
        name = f"{library} {settings}"
        if name not in self.sides:
            self.sides[name] = self.start(library, settings)
        memory, port = self.sides[name]
        memory.visitor, memory.csrf_tokens = Visitor(port), []
        return [ask(memory.visitor, request) for request in requests]

    def start(self, library: str, settings: dict[str, str]) -> tuple[Memory, int]:
        own = SETTINGS if library == "session_sidecar.pyramid" else THEIRS
        common = {"timeout": "1200", **settings}
        config = Configurator(settings={**own, **{f"redis.sessions.{name}": value for name, value in common.items()}})
        config.include(library)
        memory = Memory()
        return memory, self.visitor(configure(config, memory)).port

    def test_have_the_same_outcome(self) -> None:
        for name, requests in SAME.items():
            with self.subTest(name):
                theirs, ours = self.both(requests)
                self.assertEqual(ours, theirs)

    def test_have_the_same_outcome_if_each_raises_an_error(self) -> None:
        for name, requests in SAME.items():
            for settings in ({}, {"cookie_on_exception": "false"}):
                with self.subTest(name, **settings):
                    theirs, ours = self.both([each if " -> " in each else f"{each} -> raise" for each in requests], **settings)
                    self.assertEqual(ours, theirs)

    def test_a_request_meanwhile_that_is_over_before_is_kept(self) -> None:
        """Of this library only: the former one sometimes stores again what it has loaded, without the other request's change."""
        requests = ["set a 1", "meanwhile set b 2", "items"]
        for end, status in ("", 200), (" -> raise", 500):
            with self.subTest(status=status):
                outcomes = self.outcomes("session_sidecar.pyramid", [f"{each}{end}" for each in requests], {})
                stored = [["a", 1], ["b", 2]]
                self.assertEqual(
                    outcomes, [[status, [None], "set"], [status, [[200, [None]]], "none"], [status, [stored], "none"]]
                )

    def test_differ_as_documented(self) -> None:
        rows = {row["theirs"] for heading in headings() for row in rows_of(heading) if "start" not in row}
        for name, each in DIFFERENT.items():
            with self.subTest(name):
                self.assertIn(each.row, rows)
                theirs, ours = quietly(lambda each=each: self.both(each.requests, **each.settings))
                self.assertEqual((theirs[-1], ours[-1]), (each.theirs, each.ours))
                self.assertEqual(theirs[:-1], ours[:-1])


if __name__ == "__main__":
    unittest.main()
