"""When a session is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyramid.config import Configurator
from pyramid.httpexceptions import HTTPForbidden, HTTPSeeOther
from pyramid.request import Request
from pyramid.response import Response
from pyramid.testing import DummyRequest
from pyramid.tweens import EXCVIEW
from pyramid_world import ADDRESS, SETTINGS, PyramidTest, Visitor, living, quietly, subscribed
from session_sidecar import SessionClient
from session_sidecar.codecs import TaggedJsonCodec
from session_sidecar.pyramid import session_factory_from_settings


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

    def test_of_a_callback_that_says_that_it_has_changed_what_it_was_given(self) -> None:
        for stage in ("add_response_callback", "add_finished_callback"):

            def page(request: Any, stage: str = stage) -> dict[str, Any]:
                written = request.session.setdefault("written", [])
                written.append("view")

                def late(request: Any, *_: Any) -> None:
                    written.append("late")
                    request.session.changed()

                getattr(request, stage)(late)
                return {}

            with self.subTest(stage):
                self.expect_kept(self.serve(page), "view", "late")

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


class CountingCodec(TaggedJsonCodec):
    encoded = 0

    def encode(self, value: Any) -> bytes:
        self.encoded += 1
        return super().encode(value)


class Comparing(PyramidTest):
    def test_values_with_what_is_stored_is_done_once(self) -> None:
        codec = CountingCodec()
        client = SessionClient(ADDRESS, timeout=30, codec=codec)
        self.addCleanup(client.close)

        def page(request: Any) -> Any:
            cart = request.session.get("cart")
            if "write" in request.path:
                request.session["visits"] = 1
            if "change" in request.path:
                cart.append("tea")
            if "first" in request.path:
                request.session["cart"] = ["tea"]
            return cart

        visitor = self.serve(page, client=client)
        visitor.get("/first")
        # An assignment encodes its value, too, to find out whether the codec keeps it.
        for path, expected in (("/read", 1), ("/change", 2), ("/write", 3)):
            before = codec.encoded
            visitor.get(path)
            self.assertEqual(codec.encoded - before, expected, path)
        self.assertEqual(self.stored(visitor.token)["cart"], ["tea", "tea"])
