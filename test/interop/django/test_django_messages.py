"""MessageStorage: what Django documents for storages of messages, and that parallel requests lose and repeat nothing."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.messages.storage.base import Message
from django.contrib.messages.test import MessagesTestMixin
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.test import Client, SimpleTestCase, override_settings
from django.utils.functional import lazystr
from django.utils.safestring import SafeString, mark_safe
from django_world import ADDRESS, show
from session_sidecar import SessionClient
from session_sidecar.django import MessageStorage, SessionStore


def read(request: HttpRequest) -> str:
    return json.dumps([str(message) for message in messages.get_messages(request)])


def adding(*texts: str) -> Callable[[HttpRequest], str]:
    """Return a page that adds messages and reads none."""

    def page(request: HttpRequest) -> str:
        for text in texts:
            messages.info(request, text)
        return ""

    return page


@override_settings(MESSAGE_STORAGE="session_sidecar.django.MessageStorage")
class MessagesTest(MessagesTestMixin, SimpleTestCase):  # type: ignore[misc]  # Django has no types.
    def setUp(self) -> None:
        self.browser = Client(raise_request_exception=False)

    def visit(self, page: Callable[[HttpRequest], Any]) -> Any:
        show(page)
        return self.browser.get("/")

    def shown(self) -> list[str]:
        """Return what the next page shows."""
        texts: list[str] = json.loads(self.visit(read).content)
        return texts

    def key(self) -> str:
        return str(self.browser.cookies["sessionid"].value)


class EachTest(MessagesTest):
    def test_a_message_is_shown_once_on_a_later_page(self) -> None:
        self.visit(adding("one", "two"))
        self.visit(lambda request: request.session.get("cart"))
        self.assertEqual(self.shown(), ["one", "two"])
        self.assertEqual(self.shown(), [])

    def test_a_message_alone_starts_a_session_and_reading_none_does_not(self) -> None:
        self.assertEqual(self.shown(), [])
        self.assertNotIn("sessionid", self.browser.cookies)
        self.visit(adding("one"))
        self.assertEqual(list(SessionStore(self.key()).keys()), [])
        self.assertEqual(self.shown(), ["one"])

    def test_level_tags_and_text_are_kept(self) -> None:
        added: list[tuple[int, Any, Any]] = [
            (messages.DEBUG, "debug", ""),
            (messages.INFO, "a <b>", "one two"),
            (messages.SUCCESS, mark_safe("<b>bold</b>"), "html"),
            (messages.WARNING, lazystr("lazy"), lazystr("tag")),
            (messages.ERROR, "é ☃ \U0001f375", None),
            (77, "custom", ""),
        ]

        def add(request: HttpRequest) -> None:
            messages.set_level(request, messages.DEBUG)
            for level, text, tags in added:
                messages.add_message(request, level, text, extra_tags=tags)

        found: list[Message] = []
        self.visit(add)
        self.visit(lambda request: found.extend(messages.get_messages(request)))
        facts = [(each.level, str(each.message), each.extra_tags, isinstance(each.message, SafeString)) for each in found]
        expected = [
            (level, str(text), tags if tags is None else str(tags), isinstance(text, SafeString)) for level, text, tags in added
        ]
        self.assertEqual(facts, expected)
        self.assertEqual([each.tags for each in found], ["debug", "one two info", "html success", "tag warning", "error", ""])

    def test_those_below_the_level_are_not_stored(self) -> None:
        self.visit(lambda request: messages.debug(request, "debug"))
        self.assertNotIn("sessionid", self.browser.cookies)

    def test_what_is_added_and_read_by_one_page_is_not_stored(self) -> None:
        def page(request: HttpRequest) -> str:
            adding("own")(request)
            return read(request)

        self.visit(adding("earlier"))
        self.assertEqual(json.loads(self.visit(page).content), ["earlier", "own"])
        self.assertEqual(self.shown(), [])

    def test_those_added_after_reading_wait(self) -> None:
        def page(request: HttpRequest) -> str:
            text = read(request)
            adding("late")(request)
            return text

        self.visit(adding("early"))
        self.assertEqual(json.loads(self.visit(page).content), ["early"])
        self.assertEqual(self.shown(), ["late"])

    def test_counting_and_searching_remove_none(self) -> None:
        def page(request: HttpRequest) -> str:
            storage = messages.get_messages(request)
            counts = [len(storage), bool(storage), Message(messages.INFO, "one") in storage, len(storage)]
            adding("three")(request)
            return json.dumps([*counts, len(storage), Message(messages.INFO, "none") in storage])

        self.visit(adding("one", "two"))
        self.assertEqual(json.loads(self.visit(page).content), [2, True, True, 2, 3, False])
        self.assertEqual(self.shown(), ["one", "two", "three"])

    def test_those_of_a_page_that_sets_used_to_false_are_kept(self) -> None:
        def page(request: HttpRequest) -> str:
            adding("own")(request)
            storage = messages.get_messages(request)
            text = json.dumps([*map(str, storage)] * 2 + [*map(str, storage)])
            storage.used = False
            adding("late")(request)
            return text

        self.visit(adding("one"))
        self.assertEqual(json.loads(self.visit(page).content), ["one", "own"] * 3)
        self.assertEqual(self.shown(), ["one", "own", "late"])

    def test_those_of_a_page_that_fails_are_kept(self) -> None:
        def fail(request: HttpRequest) -> HttpResponse:
            read(request)
            adding("never")(request)
            raise ZeroDivisionError

        self.visit(adding("one", "two"))
        self.assertEqual(self.visit(fail).status_code, 500)
        self.assertEqual(self.shown(), ["one", "two"])

    def test_a_page_that_ends_the_session_starts_another_with_what_it_adds(self) -> None:
        def leave(request: HttpRequest) -> list[str]:
            self.assertEqual(len(messages.get_messages(request)), 1)
            logout(request)
            adding("bye")(request)
            return [str(len(messages.get_messages(request)))]

        self.visit(adding("one"))
        self.assertEqual(self.visit(leave).content, b"['1']")
        self.assertEqual(self.shown(), ["bye"])

    def test_a_login_keeps_them(self) -> None:
        def page(request: HttpRequest) -> None:
            request.session.cycle_key()
            adding("welcome")(request)

        self.visit(adding("one"))
        self.visit(page)
        self.assertEqual(self.shown(), ["one", "welcome"])

    def test_tests_see_what_a_page_has_added(self) -> None:
        self.visit(adding("earlier"))
        response = self.visit(adding("one", "two"))
        texts = [Message(messages.INFO, text) for text in ("earlier", "one", "two")]
        self.assertMessages(response, texts)
        self.assertEqual(self.shown(), ["earlier", "one", "two"])

    def test_a_session_that_is_saved_again_does_not_get_them_twice(self) -> None:
        request = HttpRequest()
        request.session = SessionStore()
        storage = MessageStorage(request)
        storage.add(messages.INFO, "one")
        storage.update(HttpResponse())
        for key in ("created", "updated"):
            request.session[key] = True
            request.session.save()
        request.session = SessionStore(request.session.session_key)
        self.assertEqual([str(message) for message in MessageStorage(request)], ["one"])


class ParallelTest(MessagesTest):
    def test_all_are_kept_that_overlapping_requests_add(self) -> None:
        self.visit(adding("first"))
        browser = self.browser

        def outer(request: HttpRequest) -> str:
            messages.info(request, f"{len(messages.get_messages(request))} before")
            show(adding("inner"))
            browser.get("/")
            return ""

        self.visit(outer)
        self.assertEqual(self.shown(), ["first", "inner", "1 before"])

    def test_none_is_shown_twice_by_overlapping_requests(self) -> None:
        self.visit(adding("first"))
        inner: list[str] = []

        def outer(request: HttpRequest) -> str:
            request.session.get("loaded before the other request reads")
            inner.extend(self.shown())
            return read(request)

        self.assertEqual(json.loads(self.visit(outer).content), [])
        self.assertEqual(inner, ["first"])

    def test_one_that_is_added_meanwhile_is_not_removed(self) -> None:
        self.visit(adding("first"))

        def outer(request: HttpRequest) -> str:
            text = read(request)
            show(adding("meanwhile"))
            Client.get(self.browser, "/")
            return text

        self.assertEqual(json.loads(self.visit(outer).content), ["first"])
        self.assertEqual(self.shown(), ["meanwhile"])


class OtherLanguagesTest(MessagesTest):
    def push(self, *values: Any) -> None:
        with SessionClient(ADDRESS, timeout=30) as client:
            session = client.open(self.key())
            for value in values:
                session.flash(value, "_messages")
            session.save()

    def test_may_add_a_text(self) -> None:
        self.visit(adding("own"))
        self.push("from elsewhere")
        self.visit(lambda request: None)
        found: list[Message] = []
        self.visit(lambda request: found.extend(messages.get_messages(request)))
        self.assertEqual([(each.level_tag, each.message) for each in found], [("info", "own"), ("info", "from elsewhere")])

    def test_what_is_no_message_is_left_out(self) -> None:
        self.visit(adding("own"))
        unreadable: list[Any] = [1, None, [], {"a": 1}, ["__json_message"], ["__json_message", 0, "no level", "secret"]]
        self.push(*unreadable)
        with self.assertLogs("django.security.SuspiciousSession", "WARNING") as logged:
            self.assertEqual(self.shown(), ["own"])
        self.assertEqual(len(logged.output), len(unreadable))
        self.assertNotIn("secret", "".join(logged.output))


class EngineTest(MessagesTest):
    def test_another_session_engine_is_refused(self) -> None:
        request = HttpRequest()
        sessions: list[Any] = [None, {}]
        for session in sessions:
            request.session = session
            with self.assertRaisesRegex(ImproperlyConfigured, "SESSION_ENGINE to be session_sidecar.django"):
                MessageStorage(request)


if __name__ == "__main__":
    unittest.main()
