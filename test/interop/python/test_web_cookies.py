"""How the cookie is read and written, and when a response changes it. It has the rules of client/src/web/cookie.ts."""

from __future__ import annotations

import unittest
from typing import Any

from session_sidecar.web import CookieOptions
from session_sidecar.web.cookie import read_cookies, set_cookie_headers
from session_sidecar.web.cookie_rules import CookieFacts, decide_cookie, needs_renewal

A = "a" * 43 + "." + "s" * 24
B = "b" * 43 + "." + "s" * 24


def headers(options: CookieOptions, token: str | None = A, **more: Any) -> list[str]:
    return set_cookie_headers(options, token, **{"is_https": True, "names": (), "is_persistent": True, **more})


class WritingTest(unittest.TestCase):
    def test_has_the_safest_attributes_by_default(self) -> None:
        secure = f"__Host-session_sidecar={A}; Path=/; HttpOnly; Secure; SameSite=Lax"
        self.assertEqual(headers(CookieOptions()), [secure])
        self.assertEqual(headers(CookieOptions(), is_https=False), [f"session_sidecar={A}; Path=/; HttpOnly; SameSite=Lax"])

    def test_writes_every_option(self) -> None:
        options = CookieOptions(
            name="id", path="/shop", domain="example.com", secure=True, same_site="none", http_only=False, max_age=60,
            partitioned=True, priority="high",
        )  # fmt: skip
        rest = "Path=/shop; Secure; Partitioned; Priority=High; SameSite=None"
        self.assertEqual(headers(options), [f"id={A}; Max-Age=60; Domain=example.com; {rest}"])
        self.assertEqual(headers(options, is_persistent=False), [f"id={A}; Domain=example.com; {rest}"])

    def test_never_sends_what_browsers_refuse(self) -> None:
        options = CookieOptions(same_site="none", partitioned=True)
        self.assertEqual(headers(options, is_https=False), [f"session_sidecar={A}; Path=/; HttpOnly; SameSite=Lax"])
        self.assertIn("Secure; Partitioned; SameSite=None", headers(options)[0])

    def test_deletes_cookies_of_other_names(self) -> None:
        both = ("__Host-session_sidecar", "session_sidecar")
        set_one, delete_other = headers(CookieOptions(), names=both)
        self.assertTrue(set_one.startswith(f"__Host-session_sidecar={A};"))
        expired = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Path=/; HttpOnly; Secure; SameSite=Lax"
        self.assertEqual(delete_other, f"session_sidecar=; {expired}")
        # A cookie with the prefix was set over https, so only a Secure one replaces it.
        self.assertEqual(headers(CookieOptions(), None, names=both[:1], is_https=False), [f"{both[0]}=; {expired}"])

    def test_uses_the_other_prefix_where_the_first_is_impossible(self) -> None:
        for options in (CookieOptions(path="/shop"), CookieOptions(domain="example.com")):
            self.assertTrue(headers(options)[0].startswith("__Secure-session_sidecar="))
        self.assertTrue(headers(CookieOptions(secure=False))[0].startswith("session_sidecar="))

    def test_refuses_options_with_their_name(self) -> None:
        cases: list[tuple[dict[str, Any], str]] = [
            ({"name": "a b"}, "cookie.name"),
            ({"name": "é"}, "cookie.name"),
            ({"name": ""}, "cookie.name"),
            ({"name": "n" * 1025}, "cookie.name"),
            ({"name": "__Secure-id"}, "cookie.secure"),
            ({"name": "__HOST-id", "secure": True, "path": "/shop"}, "cookie.path"),
            ({"name": "__Host-id", "secure": True, "domain": "example.com"}, "cookie.path"),
            ({"name": "__Http-id", "secure": True, "http_only": False}, "cookie.http_only"),
            ({"path": "shop"}, "cookie.path"),
            ({"path": "/shop "}, "cookie.path"),
            ({"path": "/;a"}, "cookie.path"),
            ({"path": None}, "cookie.path"),
            ({"domain": "exa mple.com"}, "cookie.domain"),
            ({"secure": "yes"}, "cookie.secure"),
            ({"secure": 1}, "cookie.secure"),
            ({"same_site": "None"}, "cookie.same_site"),
            ({"same_site": "none", "secure": False}, "cookie.secure"),
            ({"partitioned": True, "secure": False}, "cookie.secure"),
            ({"http_only": None}, "cookie.http_only"),
            ({"priority": "Low"}, "cookie.priority"),
            ({"max_age": 0}, "cookie.max_age"),
            ({"max_age": 1.5}, "cookie.max_age"),
            ({"max_age": True}, "cookie.max_age"),
            ({"rolling": True}, "cookie.max_age"),
        ]
        for options, named in cases:
            with self.subTest(options=options), self.assertRaisesRegex((TypeError, ValueError), f"`{named}`"):
                CookieOptions(**options)


class ReadingTest(unittest.TestCase):
    def read(self, header: str | None, options: CookieOptions | None = None) -> tuple[list[str], list[str]]:
        tokens, names = read_cookies(header, options or CookieOptions())
        return list(tokens), list(names)

    def test_finds_every_token_the_prefixed_first(self) -> None:
        header = f"x=1; session_sidecar={A}; session_sidecar={A}; __Host-session_sidecar={B}; session_sidecar=rubbish"
        self.assertEqual(self.read(header), ([B, A], ["__Host-session_sidecar", "session_sidecar"]))

    def test_tries_one_value_if_none_has_the_form_of_a_token(self) -> None:
        self.assertEqual(self.read("session_sidecar=; session_sidecar=x; session_sidecar=y"), (["x"], ["session_sidecar"]))

    def test_ignores_other_cookies(self) -> None:
        for header in (None, "", f"session={A}; xsession_sidecar={A}; SESSION_SIDECAR={A}", "session_sidecar", ";=;"):
            tokens, _ = self.read(header)
            self.assertEqual(tokens, [])
        self.assertEqual(self.read(f'id="{A}"', CookieOptions(name="id")), ([A], ["id"]))


class RulesTest(unittest.TestCase):
    def test_decides_what_a_response_does_to_the_cookie(self) -> None:
        table = [
            # arrived, current, is_new, is_renewed, failed, cookie_on_exception, decision
            (None, None, True, False, False, True, "none"),
            (None, A, True, False, False, True, "set"),
            (None, A, True, False, True, True, "set"),
            (None, A, True, False, True, False, "none"),
            (A, A, False, False, False, True, "none"),
            (A, A, False, True, False, True, "set"),
            (A, A, False, True, True, False, "none"),
            (A, A, False, True, True, True, "set"),
            (A, B, False, False, True, False, "set"),
            (A, None, True, False, False, True, "delete"),
            (A, B, True, False, True, False, "delete"),
        ]
        names = ("arrived", "current", "is_new", "is_renewed", "failed", "cookie_on_exception")
        for *facts, decision in table:
            with self.subTest(facts=facts):
                self.assertEqual(decide_cookie(CookieFacts(**dict(zip(names, facts, strict=True)))), decision)  # type: ignore[arg-type]

    def test_renews_for_pages_only(self) -> None:
        table = [
            # rolling, persisted, persists, fetch_mode, renews
            (True, True, True, "navigate", True),
            (True, True, True, None, True),
            (True, True, True, "cors", False),
            (True, False, False, "navigate", False),
            (False, True, True, "navigate", False),
            (False, False, True, "cors", True),
            (False, True, False, None, True),
        ]
        for rolling, persisted, persists, mode, renews in table:
            with self.subTest(rolling=rolling, persisted=persisted, persists=persists, mode=mode):
                found = needs_renewal(rolling=rolling, persisted=persisted, persists=persists, fetch_mode=mode)
                self.assertEqual(found, renews)


if __name__ == "__main__":
    unittest.main()
