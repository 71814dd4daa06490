"""What a session changes in the headers of a response, and how unsaved sessions are reported."""

from __future__ import annotations

import unittest

from session_sidecar import SessionError
from session_sidecar.web import HeaderList
from session_sidecar.web.response_headers import is_for_shared_caches, set_cookies, set_retry_after, vary_by_cookie
from session_sidecar.web.unsaved_warning import UnsavedWarning


class HeadersTest(unittest.TestCase):
    def test_varies_by_cookie_once(self) -> None:
        for before, after in [
            (None, "Cookie"),
            ("Accept", "Accept, Cookie"),
            ("accept,COOKIE", "accept,COOKIE"),
            ("*", "*"),
            ("Cookie2", "Cookie2, Cookie"),
        ]:
            headers = HeaderList([] if before is None else [("vary", before)])
            vary_by_cookie(headers)
            self.assertEqual(headers.get_all("Vary"), [after])

    def test_keeps_cookies_from_shared_caches(self) -> None:
        for before, after in [
            (None, "private"),
            ("no-store", "no-store"),
            ("public, max-age=60", "private, max-age=60"),
            ('private="Set-Cookie", S-Maxage=5, no-cache', "private, no-cache"),
            ('no-cache="a, public", proxy-revalidate', 'private, no-cache="a, public"'),
        ]:
            pairs = [] if before is None else [("cache-control", before)]
            headers = HeaderList([*pairs, ("CDN-Cache-Control", "max-age=60"), ("Surrogate-Control", "max-age=60")])
            set_cookies(headers, ["id=token"])
            self.assertEqual(headers.pairs, [("Set-Cookie", "id=token"), ("Cache-Control", after)])

    def test_replaces_cookies_of_its_name_and_keeps_others(self) -> None:
        headers = HeaderList([("Set-Cookie", "theme=dark"), ("set-cookie", "id=old"), ("Set-Cookie", "idx=1")])
        set_cookies(headers, ["id=new"])
        self.assertEqual(headers.get_all("Set-Cookie"), ["theme=dark", "idx=1", "id=new"])

    def test_knows_what_is_for_shared_caches(self) -> None:
        shared = [[("Cache-Control", "Public")], [("cache-control", "s-maxage=60")], [("cdn-cache-control", "max-age=1")]]
        own = [
            [],
            [("Cache-Control", "max-age=60")],
            [("Cache-Control", "private, s-maxage=1")],
            [("Cache-Control", "no-store, public")],
        ]
        self.assertEqual([is_for_shared_caches(HeaderList(pairs)) for pairs in shared], [True] * 3)
        self.assertEqual([is_for_shared_caches(HeaderList(pairs)) for pairs in own], [False] * 4)

    def test_keeps_the_retry_after_of_the_application(self) -> None:
        headers = HeaderList([("retry-after", "60")])
        set_retry_after(headers)
        self.assertEqual(headers.pairs, [("retry-after", "60")])


class UnsavedWarningTest(unittest.TestCase):
    def test_warns_once_a_minute_and_counts_the_others(self) -> None:
        now = 100.0
        warn = UnsavedWarning(lambda: now)
        with self.assertLogs("session_sidecar.web", "WARNING") as logs:
            for _ in range(3):
                warn(SessionError("UNAVAILABLE", "secret"))
            now += 59.9
            warn(ValueError("secret"))
            now += 0.1
            warn(ValueError("secret"))
        texts = [record.getMessage() for record in logs.records]
        self.assertEqual(len(texts), 2)
        self.assertIn("was not saved: UNAVAILABLE. Handle it", texts[0])
        self.assertIn("was not saved: ValueError. 3 more since the last warning.", texts[1])
        self.assertNotIn("secret", "".join(texts))


if __name__ == "__main__":
    unittest.main()
