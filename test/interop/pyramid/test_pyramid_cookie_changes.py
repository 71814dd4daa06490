"""What a request does to its cookie beside what the settings say."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

from pyramid.response import Response
from pyramid_world import PyramidTest, Visitor
from session_sidecar import SessionError
from session_sidecar.pyramid import regenerate


class Adjusted(PyramidTest):
    def test_sends_the_cookie_again_on_request(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session["used"] = True
            if "again" in request.path:
                request.session.please_recookie()
            return {}

        visitor = self.serve(page, cookie_max_age="3600")
        first = visitor.get().set_cookies
        self.assertEqual(visitor.get().set_cookies, [])
        self.assertEqual(visitor.get("/again").set_cookies, first)

    def test_is_kept_for_another_time_by_this_response_only(self) -> None:
        soon = datetime.now(timezone.utc) + timedelta(days=1)
        for method, value, expected in (
            ("adjust_cookie_max_age", 60, range(60, 61)),
            ("adjust_cookie_max_age", timedelta(minutes=2), range(120, 121)),
            ("adjust_cookie_max_age", None, [None]),
            ("adjust_cookie_expires", timedelta(minutes=3), range(180, 181)),
            ("adjust_cookie_expires", soon, range(86_000, 86_401)),
            ("adjust_cookie_expires", soon.replace(tzinfo=None), range(86_000, 86_401)),
        ):
            with self.subTest(method=method, value=value):

                def page(request: Any, method: str = method, value: Any = value) -> dict[str, Any]:
                    request.session["used"] = True
                    if "adjusted" in request.path:
                        getattr(request.session, method)(value)
                    return {}

                visitor = self.serve(page, cookie_max_age="3600")
                for path in ("/adjusted", "/", "/adjusted"):
                    found = [max_age_of(cookie) for cookie in visitor.get(path).set_cookies]
                    if path == "/":
                        self.assertEqual(found, [])
                    else:
                        self.assertEqual(len(found), 1)
                        self.assertIn(found[0], expected)
                self.assertEqual([max_age_of(cookie) for cookie in Visitor(visitor.port).get().set_cookies], [3600])

    def test_does_not_bring_a_replaced_token_back(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session.get("used")
            if "slow" in request.path:
                request.session.please_recookie()
                # Another request of the visitor replaces the token meanwhile.
                self.stored(request.cookies["session"]).regenerate()
            else:
                request.session["used"] = True
            return {}

        visitor = self.serve(page)
        visitor.get()
        self.assertEqual(visitor.get("/slow").cookie, "none")

    def test_of_a_session_that_is_not_stored_sets_nothing(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session.adjust_cookie_max_age(60)
            return {}

        self.assertEqual(self.serve(page).get().cookie, "none")


class OvertakenLogin(PyramidTest):
    def test_signs_in_with_a_new_session_if_it_says_so(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session["cart" if request.path == "/" else "user"] = "Ada"
            if "login" in request.path:
                # Another login of the visitor is faster.
                self.stored(request.cookies["session"]).regenerate()
                regenerate(request, or_create="or-create" in request.path)
            return {}

        visitor = self.serve(page, lambda config: config.add_exception_view(quiet, context=SessionError))
        for path, status, effect in (("/login/or-create", 200, "set"), ("/login", 409, "none")):
            visitor.get()
            before = visitor.token
            answer = visitor.get(path)
            self.assertEqual((answer.status, answer.cookie), (status, effect))
            self.assertEqual(dict(self.stored(visitor.token)), {"user": "Ada"} if status == 200 else {})
            self.assertEqual(self.stored(before).origin, "not_found")


def quiet(error: SessionError, _: Any) -> Response:
    return Response(status=error.status)


def max_age_of(cookie: str) -> int | None:
    found = re.search(r"; Max-Age=(\d+)", cookie)
    return int(found[1]) if found else None
