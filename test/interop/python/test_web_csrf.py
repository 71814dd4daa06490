"""Which requests are taken for forged ones. It has the rules of client/src/web/csrf.ts."""

from __future__ import annotations

import unittest
from typing import Any

from session_sidecar.web import CsrfCheck, CsrfError, RequestOrigin, is_csrf_token, mask_token

OWN = "shop.example:8443"
TRUSTED = "https://trusted.example"


class TokenOnly:
    """As much of a session as the check needs."""

    def check_csrf_token(self, token: str | None) -> bool:
        return token == "the-token"


class OriginTest(unittest.TestCase):
    def judge(self, host: str | None = OWN, **headers: str) -> str:
        """Return the reason why a request is foreign, or an empty string."""
        sent = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        try:
            CsrfCheck.of([TRUSTED]).check_origin(RequestOrigin(lambda name: sent.get(name.lower()), host))
        except CsrfError as error:
            self.assertEqual((error.code, error.status), ("CSRF_ORIGIN_UNTRUSTED", 403))
            return str(error)
        return ""

    def test_lets_pages_of_its_own_and_trusted_ones_pass(self) -> None:
        for headers in [
            {},
            {"sec_fetch_site": "same-origin"},
            {"sec_fetch_site": "none"},
            {"origin": f"https://{OWN}"},
            {"origin": f"http://{OWN.upper()}"},
            {"referer": f"https://{OWN}/page?query"},
            {"origin": TRUSTED, "sec_fetch_site": "cross-site"},
            {"referer": f"{TRUSTED}/page"},
        ]:
            with self.subTest(headers=headers):
                self.assertEqual(self.judge(**headers), "")
        self.assertEqual(self.judge("shop.example", origin="https://shop.example"), "")
        self.assertEqual(self.judge("shop.example:443", origin="https://shop.example"), "")
        self.assertEqual(self.judge("[::1]:80", origin="http://[::1]"), "")

    def test_refuses_others_and_says_why(self) -> None:
        table: list[tuple[dict[str, Any], str]] = [
            ({"sec_fetch_site": "cross-site"}, "Sec-Fetch-Site is cross-site, Origin is absent"),
            ({"sec_fetch_site": "same-site", "origin": "https://x"}, 'Sec-Fetch-Site is same-site, Origin is "https://x"'),
            ({"origin": "https://evil.example"}, 'Origin is "https://evil.example"'),
            ({"origin": "null"}, 'Origin is "null"'),
            ({"origin": "https://shop.example"}, 'Origin is "https://shop.example"'),
            ({"origin": "https://a:b:c"}, 'Origin is "https://a:b:c"'),
            ({"referer": "https://evil.example/private?secret"}, 'the origin of Referer is "https://evil.example"'),
            ({"referer": "rubbish"}, 'the origin of Referer is "null"'),
            ({"origin": f"https://{OWN}", "host": None}, f'Origin is "https://{OWN}"'),
        ]
        for headers, reason in table:
            with self.subTest(headers=headers):
                self.assertEqual(self.judge(**headers), f"The request comes from a page of another origin: {reason}.")

    def test_checks_trusted_origins(self) -> None:
        for wrong in (["https://shop.example/"], ["shop.example"], ["https://Shop.example"], ["https://shop.example:443"], [""]):
            with self.subTest(wrong=wrong), self.assertRaisesRegex(ValueError, "`trusted_origins`"):
                CsrfCheck.of(wrong)
        with self.assertRaisesRegex(TypeError, "`trusted_origins`"):
            CsrfCheck.of("https://shop.example")


class TokenTest(unittest.TestCase):
    check = CsrfCheck.of()
    origin = RequestOrigin(lambda name: None, OWN)

    def test_asks_for_a_token_where_something_changes(self) -> None:
        for method, needed in [
            ("GET", False),
            ("HEAD", False),
            ("OPTIONS", False),
            ("TRACE", False),
            ("POST", True),
            ("get", True),
        ]:
            self.assertEqual(self.check.needs_token(method, self.origin), needed)

    def test_prefers_the_header(self) -> None:
        self.assertEqual(self.check.token_of("header", "field"), "header")
        self.assertEqual(self.check.token_of("", lambda: "field"), "field")
        for field in (None, "", 7):
            with self.assertRaises(CsrfError) as raised:
                self.check.token_of(None, field)
            self.assertEqual(raised.exception.code, "CSRF_TOKEN_INVALID")

    def test_masks_each_token_differently_and_accepts_all(self) -> None:
        session: Any = TokenOnly()
        masked = {mask_token("the-token") for _ in range(50)}
        self.assertEqual(len(masked), 50)
        for token in (*masked, "the-token"):
            self.check.check_token(session, token)

    def test_refuses_other_texts(self) -> None:
        session: Any = TokenOnly()
        for text in ("", "the-toke", mask_token("another"), mask_token("the-token")[:-1], "é", "\ud800", "=", "a" * 10_000):
            self.assertFalse(is_csrf_token(session, text))


if __name__ == "__main__":
    unittest.main()
