"""Requests through Django's own middleware."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.test import Client, override_settings
from django_world import OPTIONS, show
from session_sidecar import SessionError
from session_sidecar.django import SessionStore


def count(request: HttpRequest) -> int:
    request.session["visits"] = request.session.get("visits", 0) + 1
    return int(request.session["visits"])


class RequestTest(unittest.TestCase):
    def setUp(self) -> None:
        self.browser = Client(raise_request_exception=False)

    def visit(self, page: Any) -> Any:
        show(page)
        return self.browser.get("/")

    def effect(self, response: Any) -> str:
        """What a response does to the cookie."""
        cookie = response.cookies.get("sessionid")
        return "none" if cookie is None else "set" if cookie.value else "delete"

    def stored(self) -> dict[str, Any]:
        return SessionStore(self.browser.cookies["sessionid"].value).load()


class CookieTest(RequestTest):
    def test_a_request_that_does_not_use_the_session_changes_nothing(self) -> None:
        response = self.visit(lambda _: "text")
        self.assertEqual((self.effect(response), response.headers.get("Vary")), ("none", None))

    def test_a_request_that_reads_sets_no_cookie(self) -> None:
        response = self.visit(lambda request: request.session.get("visits"))
        self.assertEqual((self.effect(response), response.headers["Vary"]), ("none", "Cookie"))

    def test_a_request_that_writes_sets_the_cookie_with_the_attributes_of_the_settings(self) -> None:
        with override_settings(SESSION_COOKIE_AGE=60, SESSION_COOKIE_SECURE=True, SESSION_COOKIE_SAMESITE="Strict"):
            cookie = self.visit(count).cookies["sessionid"]
        self.assertRegex(cookie.value, r"^[\w-]{43}\.[\w-]{24}$")
        attributes = {name: cookie[name] for name in ("max-age", "path", "secure", "httponly", "samesite")}
        expected = {"max-age": 60, "path": "/", "secure": True, "httponly": True, "samesite": "Strict"}
        self.assertEqual(attributes, expected)
        self.assertEqual(self.visit(count).content, b"2")

    def test_flush_deletes_the_cookie_and_an_unknown_one_is_deleted_when_it_is_used(self) -> None:
        self.visit(count)
        self.assertEqual(self.effect(self.visit(lambda request: request.session.flush())), "delete")
        self.browser.cookies["sessionid"] = "unknown-key"
        self.assertEqual(self.effect(self.visit(lambda _: "text")), "none")
        self.assertEqual(self.effect(self.visit(lambda request: request.session.get("visits"))), "delete")

    def test_cycle_key_replaces_the_cookie(self) -> None:
        self.visit(count)
        before = self.browser.cookies["sessionid"].value
        self.assertEqual(self.effect(self.visit(lambda request: request.session.cycle_key())), "set")
        self.assertEqual(self.stored(), {"visits": 1})
        self.assertFalse(SessionStore().exists(before))

    def test_a_session_may_be_saved_on_every_request(self) -> None:
        self.visit(count)
        with override_settings(SESSION_SAVE_EVERY_REQUEST=True):
            self.assertEqual(self.effect(self.visit(lambda _: "text")), "set")
        self.assertEqual(self.stored(), {"visits": 1})


class OutcomeTest(RequestTest):
    def test_redirects_and_not_found_are_saved_and_failures_are_not(self) -> None:
        self.visit(count)
        for status, visits in ((302, 2), (404, 3), (500, 3)):

            def page(request: HttpRequest, status: int = status) -> HttpResponse:
                count(request)
                return HttpResponse(status=status)

            self.assertEqual(self.visit(page).status_code, status)
            self.assertEqual(self.stored()["visits"], visits)

    def test_a_session_that_ends_meanwhile_interrupts_the_request(self) -> None:
        self.visit(count)

        def page(request: HttpRequest) -> int:
            SessionStore(request.session.session_key).flush()
            return count(request) if request.session.get("visits") else 0

        def late(request: HttpRequest) -> int:
            visits = count(request)
            SessionStore(request.session.session_key).flush()
            return visits

        response = self.visit(late)
        self.assertEqual((response.status_code, self.effect(response)), (400, "none"))
        response = self.visit(page)
        self.assertEqual((response.content, self.effect(response)), (b"0", "delete"))

    def test_a_session_that_is_too_large_is_a_page_of_its_own(self) -> None:
        def page(request: HttpRequest) -> None:
            request.session["large"] = "x" * 2_000_000

        self.visit(count)
        response = self.visit(page)
        self.assertEqual((response.status_code, self.effect(response)), (413, "none"))
        self.assertEqual(self.stored(), {"visits": 1})

    def test_other_failures_are_djangos(self) -> None:
        response = self.visit(lambda request: 1 / 0)
        self.assertEqual((response.status_code, response.headers.get("Retry-After")), (500, None))

    def test_a_streamed_answer_is_saved_before_it_is_sent(self) -> None:
        def pieces() -> Iterator[str]:
            yield str(SessionStore(self.browser.cookies["sessionid"].value)["visits"])

        def page(request: HttpRequest) -> StreamingHttpResponse:
            count(request)
            return StreamingHttpResponse(pieces())

        self.assertEqual(self.visit(page).getvalue(), b"1")


class WithoutSidecarTest(RequestTest):
    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        # No sidecar listens here.
        with override_settings(SESSION_SIDECAR={**OPTIONS, "ADDRESS": "127.0.0.1:1", "TIMEOUT": 0.2}):
            return super().run(result)

    def test_pages_that_use_a_session_are_unavailable_and_keep_the_cookie(self) -> None:
        self.browser.cookies["sessionid"] = "a-key-that-cannot-be-looked-up"
        pages = {
            "read": lambda request: request.session.get("visits"),
            "write": count,
            "flush": lambda request: request.session.flush(),
            "clear": lambda request: request.session.clear(),
        }
        for name, page in pages.items():
            with self.subTest(name):
                response = self.visit(page)
                self.assertEqual((response.status_code, self.effect(response)), (503, "none"))
                self.assertEqual(response.headers["Retry-After"], "1")
                self.assertEqual(response.headers["Cache-Control"], "no-store")
                self.assertNotIn("127.0.0.1", response.content.decode())

    def test_pages_that_do_not_are_served(self) -> None:
        self.assertEqual(self.visit(lambda request: request.session.get("visits")).content, b"None")
        self.browser.cookies["sessionid"] = "a-key-that-cannot-be-looked-up"
        self.assertEqual(self.visit(lambda _: "text").content, b"text")

    def test_code_outside_of_requests_gets_the_error(self) -> None:
        with self.assertRaises(SessionError) as raised:
            SessionStore("a-key-that-cannot-be-looked-up").load()
        self.assertEqual((raised.exception.code, raised.exception.status), ("UNAVAILABLE", 503))


class MessagesTest(RequestTest):
    def test_a_message_is_shown_once_on_the_next_page(self) -> None:
        def add(request: HttpRequest) -> HttpResponse:
            messages.success(request, "Saved", extra_tags="tag")
            return HttpResponseRedirect("/")

        def read(request: HttpRequest) -> list[Any]:
            return [(str(message), message.tags) for message in messages.get_messages(request)]

        self.assertEqual(self.visit(add).status_code, 302)
        self.assertEqual(self.visit(read).content, b"[('Saved', 'tag success')]")
        self.assertEqual(self.visit(read).content, b"[]")


if __name__ == "__main__":
    unittest.main()
