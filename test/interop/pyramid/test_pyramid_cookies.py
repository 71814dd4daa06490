"""What each response does to the cookie, by the tables of pyramid_redis_sessions and pyramid_session_redis."""

from __future__ import annotations

from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPFound, HTTPNotFound
from pyramid.response import Response
from pyramid_page import rows_of
from pyramid_world import PyramidTest, Visitor, created, living
from session_sidecar.pyramid import (
    InvalidSession,
    InvalidToken,
    NoSessionCookie,
    NotInBackend,
    check_response_allow_cookies,
)

# Start, steps in the request; what happens to the cookie, and after an exception while cookie_on_exception is off.
TABLE = [
    (row["start"], row["in the request"].replace("nothing", ""), *row["here"].split(" / "))
    for row in rows_of("What happens to the cookie")
    if "start" in row
]


def take(request: Any, steps: str) -> None:
    session = request.session
    for step in filter(None, steps.split(", ")):
        if step == "use":
            session["used"] = True
        elif step == "read":
            session.get("used")
        elif step == "invalidate":
            session.invalidate()
        elif step == "token":
            session.get_csrf_token()
        else:
            session.regenerate()


def view(request: Any) -> dict[str, Any]:
    """Take the steps of the path, then raise what it says."""
    _, steps, outcome = request.matchdict["path"] if len(request.matchdict["path"]) == 3 else ("", "use", "")
    take(request, steps.replace("+", ", "))
    if outcome == "error":
        raise ZeroDivisionError
    if outcome == "redirect":
        raise HTTPFound("/")
    if outcome == "status":
        request.response.status = 500
    return {}


def handle_error(error: Exception, request: Any) -> Response:
    return Response(status=500)


def with_error_view(config: Configurator) -> None:
    config.add_exception_view(handle_error, context=ZeroDivisionError)


class Table(PyramidTest):
    def test_has_every_start_and_step(self) -> None:
        self.assertGreater(len(TABLE), 20)
        self.assertEqual({start for start, *_ in TABLE}, {"new", "existing", "dead"})

    def test_applies_whatever_the_outcome(self) -> None:
        for on_exception in ("true", "false"):
            shop = self.serve(view, with_error_view, cookie_on_exception=on_exception)
            for start, steps, usual, withheld in TABLE:
                for outcome in ("ok", "error", "redirect"):
                    with self.subTest(start=start, steps=steps, outcome=outcome, on_exception=on_exception):
                        expected = usual if on_exception == "true" or outcome == "ok" else withheld
                        self.check(shop, start, steps, outcome, expected)

    def test_counts_a_failed_response_as_an_exception(self) -> None:
        shop = self.serve(view, cookie_on_exception="false")
        for start, steps, _, withheld in TABLE:
            with self.subTest(start=start, steps=steps):
                self.check(shop, start, steps, "status", withheld)

    def check(self, shop: Visitor, start: str, steps: str, outcome: str, expected: str) -> None:
        visitor = Visitor(shop.port)
        if start != "new":
            visitor.get("/x/use/ok")
        if start == "dead":
            self.stored(visitor.token).invalidate()
        before, former = living(), visitor.token
        answer = visitor.get(f"/x/{steps.replace(', ', '+')}/{outcome}" if steps else f"/x/+/{outcome}")
        self.assertEqual(answer.cookie, expected)
        self.assertLessEqual(len(answer.set_cookies), 1)
        self.assertEqual(answer.header("Vary"), "Cookie" if steps else None)
        if expected == "set":
            self.assertNotEqual(visitor.token, former)
            self.assertIs(self.stored(visitor.token).is_new, False)
        # No session is stored that the visitor cannot reach.
        grown = {"new": 0, "existing": 1, "dead": 0}[start]
        self.assertEqual(living() - before + grown, 1 if visitor.token and self.stored(visitor.token).token else 0)


class Arriving(PyramidTest):
    def test_with_no_cookie_a_forged_one_or_an_unknown_one_starts_another_session(self) -> None:
        shop = self.serve(view)
        dead = Visitor(shop.port)
        dead.get("/x/use/ok")
        self.stored(dead.token).invalidate()
        forged = f"{(dead.token or '').partition('.')[0]}.{'A' * 24}"
        for token in (None, "damaged", forged, dead.token):
            with self.subTest(token=token):
                visitor = Visitor(shop.port, {"session": token} if token else {})
                visitor.get("/x/use/ok")
                self.assertNotIn(visitor.token, (None, token))

    def test_with_a_valid_cookie_keeps_the_id(self) -> None:
        seen: list[Any] = []

        def look(request: Any) -> dict[str, Any]:
            request.session["used"] = True
            seen.append((request.session.new, request.session.session_id))
            return {}

        visitor = self.serve(look)
        token = [visitor.get() and visitor.token for _ in range(3)]
        self.assertEqual(len(set(token)), 1)
        self.assertEqual([new for new, _ in seen], [True, False, False])
        self.assertEqual(seen[1], seen[2])

    def test_is_reported_to_func_invalid_logger_once(self) -> None:
        reports: list[type[InvalidSession]] = []

        def report(request: Any, reason: InvalidSession) -> None:
            self.assertEqual(request.path, "/x/use+read/ok")
            reports.append(type(reason))

        shop = self.serve(view, func_invalid_logger=report)
        visitor = Visitor(shop.port)
        for token, expected in ((None, [NoSessionCookie]), (visitor, []), ("forged.forged", [InvalidToken])):
            reports.clear()
            browser = visitor if token in (None, visitor) else Visitor(shop.port, {"session": str(token)})
            browser.get("/x/use+read/ok")
            self.assertEqual(reports, expected)
        self.stored(visitor.token).invalidate()
        reports.clear()
        visitor.get("/x/use+read/ok")
        self.assertEqual(reports, [NotInBackend])


class NotAllowed(PyramidTest):
    def test_sets_and_deletes_nothing_and_stores_nothing_unreachable(self) -> None:
        def refuse(response: Any) -> bool:
            return "X-Shared" not in response.headers

        def shared(request: Any) -> dict[str, Any]:
            request.response.headers["X-Shared"] = "1"
            return view(request)

        def late(request: Any) -> dict[str, Any]:
            answer = view(request)
            request.add_response_callback(lambda _, response: response.headers.update({"X-Shared": "1"}))
            return answer

        for name, page in (("early", shared), ("late", late)):
            with self.subTest(name):
                open_shop = self.serve(view)
                shop = self.serve(page, func_check_response_allow_cookies=refuse)
                for steps in ("use", "token", "token+use"):
                    before, ever = living(), created()
                    self.assertEqual(shop.get(f"/x/{steps}/ok").cookie, "none")
                    self.assertEqual(living(), before)
                    if page is shared and steps == "use":
                        self.assertEqual(created(), ever)
                for steps, grown in (("use", 0), ("invalidate", -1), ("invalidate+use", -1), ("regenerate", -1)):
                    visitor = Visitor(shop.port)
                    visitor.cookies = self.with_session(open_shop)
                    before = living()
                    self.assertEqual(visitor.get(f"/x/{steps}/ok").cookie, "none")
                    self.assertEqual(living(), before + grown)

    def with_session(self, shop: Visitor) -> dict[str, str]:
        visitor = Visitor(shop.port)
        visitor.get("/x/use/ok")
        return visitor.cookies

    def test_saves_an_existing_session_all_the_same(self) -> None:
        visitor = self.serve(view)
        visitor.get("/x/use/ok")

        def write(request: Any) -> dict[str, Any]:
            request.session["written"] = True
            return {}

        other = self.serve(write, func_check_response_allow_cookies=lambda response: False)
        Visitor(other.port, visitor.cookies).get()
        self.assertIs(self.stored(visitor.token)["written"], True)

    def test_is_decided_by_the_reference_function_for_headers_of_caches(self) -> None:
        for header in ("Expires", "Cache-Control", "cache-control"):
            self.assertFalse(check_response_allow_cookies(Response(headerlist=[(header, "x")])))
        self.assertTrue(check_response_allow_cookies(Response()))


class Untouched(PyramidTest):
    def test_by_requests_that_do_not_use_their_session(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            if "asked" in request.path:
                request.session  # noqa: B018  # It is not loaded before it is used.
            if "missing" in request.path:
                raise HTTPNotFound
            return {}

        visitor = self.serve(page)
        visitor.cookies = {"session": "any"}
        for path in ("/", "/asked", "/missing"):
            answer = visitor.get(path)
            self.assertEqual((answer.cookie, answer.header("Vary"), answer.header("Cache-Control")), ("none", None, None))

    def test_caches_do_not_keep_a_response_with_the_cookie(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session["used"] = True
            request.response.headers.update({"Cache-Control": "public, max-age=60", "Vary": "Accept"})
            return {}

        answer = self.serve(page).get()
        self.assertEqual(answer.header("Cache-Control"), "private, max-age=60")
        self.assertEqual(answer.header("Vary"), "Accept, Cookie")
