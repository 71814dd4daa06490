"""When a session is saved, and what happens if it cannot be."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from pyramid.config import Configurator
from pyramid.events import NewResponse
from pyramid.httpexceptions import HTTPConflict, HTTPForbidden, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.testing import DummyRequest
from pyramid.tweens import EXCVIEW
from pyramid_world import SETTINGS, Answer, PyramidTest, Visitor, calls, living
from session_sidecar import SessionError
from session_sidecar.pyramid import session_factory_from_settings

TOO_LARGE = "x" * 300_000


def write(request: Any, name: str = "view") -> None:
    request.session.setdefault("written", []).append(name)


def outer_tween_factory(handler: Any, registry: Any) -> Any:
    def outer_tween(request: Any) -> Any:
        response = handler(request)
        write(request, "tween")
        return response

    return outer_tween


class Kept(PyramidTest):
    """Writes that reach the visitor's next request, whether or not the session is new."""

    def expect_kept(self, visitor: Visitor, *expected: str, status: int = 200) -> None:
        self.assertEqual(visitor.get().status, status)
        self.assertEqual(self.stored(visitor.token)["written"], list(expected))
        self.assertEqual(visitor.get().status, status)
        self.assertEqual(self.stored(visitor.token)["written"], [*expected, *expected])

    def test_of_a_view(self) -> None:
        self.expect_kept(self.serve(lambda request: write(request)), "view")

    def test_of_a_response_callback_even_if_a_callback_adds_it(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session.get("written")
            request.add_response_callback(lambda request, response: write(request, "first"))
            request.add_response_callback(add_another)
            return {}

        def add_another(request: Any, response: Any) -> None:
            request.add_response_callback(lambda request, response: write(request, "second"))

        self.expect_kept(self.serve(page), "first", "second")

    def test_of_a_callback_that_is_the_first_to_use_the_session(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.add_response_callback(lambda request, response: write(request, "callback"))
            return {}

        self.expect_kept(self.serve(page), "callback")

    def test_of_a_subscriber_to_new_response(self) -> None:
        configure = subscribed(lambda event: write(event.request, "subscriber"))
        self.expect_kept(self.serve(lambda request: write(request), configure), "view", "subscriber")
        # The first to use the session, when the response callbacks are over.
        self.expect_kept(self.serve(lambda request: {}, configure), "subscriber")

    def test_of_a_finished_callback(self) -> None:
        def page(request: Any) -> dict[str, Any]:
            request.session.get("written")
            request.add_finished_callback(lambda request: write(request, "finished"))
            return {}

        self.expect_kept(self.serve(page), "finished")

    def test_of_a_tween_above_the_exception_views(self) -> None:
        def configure(config: Configurator) -> None:
            config.add_tween("test_pyramid_saving.outer_tween_factory", over=EXCVIEW)

        self.expect_kept(self.serve(lambda request: write(request), configure), "view", "tween")

    def test_of_a_view_that_raises_a_redirect(self) -> None:
        def page(request: Any) -> None:
            write(request)
            raise HTTPSeeOther("/next")

        self.expect_kept(self.serve(page), "view", status=303)

    def test_of_a_view_that_raises_an_error_and_of_its_exception_view(self) -> None:
        def page(request: Any) -> None:
            write(request)
            raise HTTPForbidden

        def forbidden(error: Any, request: Any) -> Response:
            write(request, "exception view")
            return Response(status=403)

        self.expect_kept(
            self.serve(page, lambda config: config.add_exception_view(forbidden, context=HTTPForbidden)),
            "view",
            "exception view",
            status=403,
        )

    def test_of_a_body_that_is_streamed(self) -> None:
        def page(request: Any) -> Response:
            write(request)

            def body() -> Iterator[bytes]:
                yield b"first"
                write(request, "stream")
                yield b"last"

            return Response(app_iter=body(), content_length=9)

        visitor = self.serve(page)
        self.expect_kept(visitor, "view", "stream")
        answer = visitor.get()
        self.assertEqual((answer.text, answer.header("Content-Length")), ("firstlast", "9"))

    def test_of_a_session_whose_factory_was_set_without_including_the_package(self) -> None:
        config = Configurator(settings=SETTINGS)
        config.set_session_factory(session_factory_from_settings(SETTINGS))
        config.add_route("any", "/*path")
        config.add_view(lambda request: write(request), route_name="any", renderer="json")
        self.expect_kept(self.visitor(config.make_wsgi_app()), "view")

    def test_of_a_subrequest_with_a_session_of_its_own(self) -> None:
        for use_tweens in (False, True):

            def page(request: Any, use_tweens: bool = use_tweens) -> Any:
                if "inner" in request.path:
                    write(request, "inner")
                    return {}
                inner = Request.blank("/inner", cookies=request.cookies)
                answer = request.invoke_subrequest(inner, use_tweens=use_tweens)
                request.response.headerlist += [pair for pair in answer.headerlist if pair[0] == "Set-Cookie"]
                return {}

            self.expect_kept(self.serve(page), "inner")

    def test_of_a_request_of_pyramid_testing(self) -> None:
        factory = session_factory_from_settings(SETTINGS)
        cookies: dict[str, str] = {}
        for expected in (["view"], ["view", "view"]):
            request: Any = DummyRequest(cookies=cookies)
            request.session = factory(request)
            write(request)
            response = Response()
            request._process_response_callbacks(response)
            request._process_finished_callbacks()
            if "Set-Cookie" in response.headers:
                cookies["session"] = response.headers["Set-Cookie"].partition(";")[0].partition("=")[2]
            self.assertEqual(self.stored(cookies["session"])["written"], expected)

    def test_of_an_existing_session_whose_request_raises_without_an_exception_view(self) -> None:
        def page(request: Any) -> None:
            write(request)
            if "broken" in request.path:
                raise ZeroDivisionError

        visitor = self.serve(page)
        visitor.get()
        self.assertEqual(quietly(lambda: visitor.get("/broken")).status, 500)
        self.assertEqual(self.stored(visitor.token)["written"], ["view", "view"])

    def test_without_leaving_a_new_session_if_there_is_no_response(self) -> None:
        def page(request: Any) -> None:
            write(request)
            request.session.get_csrf_token()
            if "broken" in request.path:
                raise ZeroDivisionError

        def fail(event: Any) -> None:
            if "late" in event.request.path:
                raise ZeroDivisionError

        visitor = self.serve(page, subscribed(fail))
        for path in ("/broken", "/late"):
            before = living()
            answer = quietly(lambda path=path: visitor.get(path))
            self.assertEqual((answer.status, answer.cookie), (500, "none"))
            self.assertEqual(living(), before)

    def test_with_the_cookie_as_the_last_of_them_leaves_it(self) -> None:
        def page(request: Any) -> None:
            write(request)

        visitor = self.serve(page, subscribed(lambda event: event.request.session.invalidate()))
        before = living()
        self.assertEqual(visitor.get().set_cookies, [])
        self.assertEqual(living(), before)


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


def subscribed(listener: Any) -> Any:
    return lambda config: config.add_subscriber(listener, NewResponse)


def quietly(action: Any) -> Answer:
    """Run an action whose errors waitress and the package log."""
    logging.disable(logging.CRITICAL)
    try:
        answer: Answer = action()
        return answer
    finally:
        logging.disable(logging.NOTSET)
