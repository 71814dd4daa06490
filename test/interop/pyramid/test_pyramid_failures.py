"""What happens if a session cannot be loaded or saved."""

from __future__ import annotations

import socket
from http import HTTPStatus
from typing import Any

from pyramid.httpexceptions import HTTPConflict, HTTPSeeOther
from pyramid.response import Response
from pyramid_world import PyramidTest, Visitor, calls, living, quietly, subscribed
from session_sidecar import SessionError

TOO_LARGE = "x" * 300_000


class Refused(PyramidTest):
    """Sessions that cannot be saved."""

    def serve_shop(self, configure: Any = lambda config: None, **settings: Any) -> Visitor:
        def page(request: Any) -> Any:
            path = request.path
            request.session["written"] = TOO_LARGE if "large" in path else path
            if "ended" in path:
                self.stored(request.cookies["session"]).invalidate()
            if "redirect" in path:
                raise HTTPSeeOther("/")
            if "conflict" in path:
                raise HTTPConflict
            return {}

        return self.serve(page, configure, **settings)

    def test_reach_the_exception_views_of_the_application(self) -> None:
        def answer(error: SessionError, request: Any) -> Response:
            self.assertIs(request.exception, error)
            request.session.get("written")
            return Response(f"sorry: {error.code}", status=error.status)

        visitor = self.serve_shop(lambda config: config.add_exception_view(answer, context=SessionError))
        visitor.get()
        for path, expected in (
            ("/large", (413, "sorry: SESSION_TOO_LARGE")),
            ("/large/redirect", (413, "sorry: SESSION_TOO_LARGE")),
            ("/ended", (409, "sorry: SESSION_NOT_FOUND")),
        ):
            with self.subTest(path):
                found = visitor.get(path)
                self.assertEqual((found.status, found.text), expected)
        self.assertEqual(found.cookie, "none")

    def test_get_a_plain_answer_otherwise(self) -> None:
        visitor = self.serve_shop()
        visitor.get()
        found = quietly(lambda: visitor.get("/large"))
        self.assertEqual((found.status, found.text), (413, HTTPStatus(413).phrase))
        self.assertEqual(self.stored(visitor.token)["written"], "/")
        found = quietly(lambda: visitor.get("/ended/redirect"))
        self.assertEqual((found.status, found.text), (409, "Conflict"))

    def test_do_not_replace_an_error_that_came_first(self) -> None:
        visitor = self.serve_shop()
        visitor.get()
        before = calls("UpdateSession")
        with self.assertLogs("session_sidecar.web", "WARNING") as logs:
            self.assertEqual(visitor.get("/large/conflict").status, 409)
        self.assertEqual(calls("UpdateSession"), before + 1)
        self.assertEqual(len(logs.output), 1)
        self.assertIn("SESSION_TOO_LARGE", logs.output[0])
        self.assertNotIn("xxx", logs.output[0])

    def test_are_an_error_of_the_application_after_the_exception_views(self) -> None:
        def grow(event: Any) -> None:
            if "late" in event.request.path:
                event.request.session["written"] = TOO_LARGE

        visitor = self.serve_shop(subscribed(grow))
        before = living()
        self.assertEqual(quietly(lambda: visitor.get("/late")).status, 500)
        self.assertEqual(living(), before)


class Unavailable(PyramidTest):
    def serve_without_a_sidecar(self, configure: Any = lambda config: None) -> Visitor:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{free.getsockname()[1]}"

        def page(request: Any) -> Any:
            if "used" in request.path:
                request.session.get("written")
            return {}

        return self.serve(page, configure, address=address, call_timeout="0.2")

    def test_is_an_answer_503_to_visitors_with_a_cookie_and_serves_the_others(self) -> None:
        visitor = self.serve_without_a_sidecar()
        self.assertEqual(visitor.get("/used").status, 200)
        visitor.cookies = {"session": "any"}
        self.assertEqual(visitor.get("/").status, 200)
        answer = quietly(lambda: visitor.get("/used"))
        self.assertEqual((answer.status, answer.text), (503, "Service Unavailable"))
        self.assertEqual(answer.header("Retry-After"), "1")
        self.assertEqual(answer.cookie, "none")

    def test_gives_exception_views_an_empty_session_that_cannot_be_written(self) -> None:
        def sorry(error: SessionError, request: Any) -> Response:
            self.assertEqual(dict(request.session), {})
            with self.assertRaises(SessionError):
                request.session["written"] = 1
            return Response("sorry", status=error.status)

        visitor = self.serve_without_a_sidecar(lambda config: config.add_exception_view(sorry, context=SessionError))
        visitor.cookies = {"session": "any"}
        self.assertEqual((visitor.get("/used").status, visitor.get("/used").text), (503, "sorry"))
