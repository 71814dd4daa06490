"""Requests that pyramid_retry attempts again: what failed attempts wrote is not kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import transaction
from pyramid.config import Configurator
from pyramid.response import Response
from pyramid_retry import RetryableException
from pyramid_world import SETTINGS, PyramidTest, Visitor, living, quietly
from session_sidecar import SessionError
from session_sidecar.pyramid import regenerate
from transaction.interfaces import TransientError

View = Callable[[Any, int], Any]


def counting(view: View) -> Callable[[Any], Any]:
    """Return a view that counts and flashes its attempts, as far as its session remembers them."""

    def counted(request: Any) -> Any:
        attempt = request.environ["retry.attempt"]
        request.session["attempts"] = [*request.session.get("attempts", []), attempt]
        request.session.flash(attempt)
        return view(request, attempt)

    return counted


def failing_before(last: int) -> View:
    def view(request: Any, attempt: int) -> dict[str, Any]:
        if attempt < last:
            raise RetryableException
        return {}

    return view


class RetryTest(PyramidTest):
    def serve_retried(self, view: View, configure: Callable[[Configurator], Any] = lambda config: None) -> Visitor:
        def all_of(config: Configurator) -> None:
            config.include("pyramid_retry")
            configure(config)

        return self.serve(counting(view), all_of)

    def expect_stored(self, visitor: Visitor, *attempts: int) -> None:
        session = self.stored(visitor.token)
        self.assertEqual((session["attempts"], session.peek_flash()), (list(attempts), list(attempts)))


class FailedAttempts(RetryTest):
    def test_keep_no_changes(self) -> None:
        visitor = self.serve_retried(failing_before(2))
        self.assertEqual(visitor.get().status, 200)
        self.expect_stored(visitor, 2)
        self.assertEqual(visitor.get().status, 200)
        self.expect_stored(visitor, 2, 2)

    def test_keep_no_changes_even_if_an_exception_view_has_answered_them(self) -> None:
        def sorry(error: RetryableException, request: Any) -> Response:
            request.session["sorry"] = True
            return Response("sorry", status=500)

        configure = lambda config: config.add_exception_view(sorry, context=RetryableException)  # noqa: E731
        visitor = self.serve_retried(failing_before(2), configure)
        for attempts in ([2], [2, 2]):
            self.assertEqual(visitor.get().status, 200)
            self.expect_stored(visitor, *attempts)
            self.assertNotIn("sorry", self.stored(visitor.token))

    def test_leave_no_new_session(self) -> None:
        def view(request: Any, attempt: int) -> dict[str, Any]:
            request.session.get_csrf_token()
            return dict(failing_before(2)(request, attempt))

        before = living()
        visitor = self.serve_retried(view)
        self.assertEqual(len(visitor.get().set_cookies), 1)
        self.assertEqual(living(), before + 1)
        self.expect_stored(visitor, 2)

    def test_are_saved_as_any_other_request_if_they_are_the_last(self) -> None:
        visitor = self.serve_retried(
            lambda request, attempt: failing_before(9 if "broken" in request.path else 0)(request, attempt)
        )
        visitor.get()
        self.assertEqual(quietly(lambda: visitor.get("/broken")).status, 500)
        self.expect_stored(visitor, 0, 2)

    def test_hand_the_token_over_that_they_have_replaced(self) -> None:
        def view(request: Any, attempt: int) -> dict[str, Any]:
            if "login" in request.path and attempt == 0:
                regenerate(request)
            return dict(failing_before(2 if "login" in request.path else 0)(request, attempt))

        visitor = self.serve_retried(view)
        visitor.get()
        old = visitor.token
        answer = visitor.get("/login")
        self.assertEqual((answer.status, len(answer.set_cookies)), (200, 1))
        self.assertNotEqual(visitor.token, old)
        # What was saved with the token is not undone.
        self.expect_stored(visitor, 0, 0, 2)
        self.assertIs(self.stored(old).is_new, True)
        self.assertEqual(visitor.get().set_cookies, [])


class Errors(RetryTest):
    def test_of_a_value_that_is_changed_all_the_time_start_another_attempt(self) -> None:
        def view(request: Any, attempt: int) -> dict[str, Any]:
            def change(visits: int | None) -> int:
                if attempt == 0 and request.cookies:
                    self.stored(request.cookies["session"]).transform("visits", lambda visits: (visits or 0) + 1)
                return (visits or 0) + 100

            return {"attempt": attempt, "visits": request.session.transform("visits", change)}

        visitor = self.serve_retried(view)
        self.assertEqual(visitor.get().json, {"attempt": 0, "visits": 100})
        self.assertEqual(visitor.get().json, {"attempt": 1, "visits": 250})

    def test_of_a_session_that_has_ended_do_not(self) -> None:
        attempts: list[int] = []

        def view(request: Any, attempt: int) -> dict[str, Any]:
            attempts.append(attempt)
            if "ended" in request.path:
                self.stored(request.cookies["session"]).invalidate()
                request.session.transform("visits", lambda _: 1)
            return {}

        visitor = self.serve_retried(view)
        visitor.get()
        self.assertEqual(quietly(lambda: visitor.get("/ended")).status, 409)
        self.assertEqual(attempts, [0, 0])

    def test_are_as_always_without_pyramid_retry(self) -> None:
        def page(request: Any) -> None:
            request.session["attempts"] = 1
            raise RetryableException

        visitor = self.serve(lambda request: page(request) if request.cookies else request.session.update(a=1))
        visitor.get()
        self.assertEqual(quietly(visitor.get).status, 500)
        self.assertEqual(self.stored(visitor.token)["attempts"], 1)


class Unvoted:
    """Takes part in a transaction whose commit fails."""

    def sortKey(self) -> str:
        return "unvoted"

    def tpc_vote(self, _: Any) -> None:
        raise TransientError

    def nothing(self, _: Any) -> None: ...

    abort = tpc_begin = commit = tpc_finish = tpc_abort = nothing


class Transactions(RetryTest):
    def test_that_fail_to_commit_keep_no_changes(self) -> None:
        def view(request: Any, attempt: int) -> dict[str, Any]:
            if attempt < 2:
                transaction.get().join(Unvoted())
            return {}

        for includes in (["session_sidecar.pyramid", "pyramid_tm"], ["pyramid_tm", "session_sidecar.pyramid"]):
            config = Configurator(settings=SETTINGS)
            for each in ("pyramid_retry", *includes):
                config.include(each)
            config.add_route("any", "/*path")
            config.add_view(counting(view), route_name="any", renderer="json")
            visitor = self.visitor(config.make_wsgi_app())
            with self.subTest(includes):
                for attempts in ([2], [2, 2]):
                    self.assertEqual(visitor.get().status, 200)
                    self.expect_stored(visitor, *attempts)

    def test_that_are_committed_let_exception_views_answer_if_the_session_cannot_be_saved(self) -> None:
        def view(request: Any, attempt: int) -> dict[str, Any]:
            if "ended" in request.path:
                self.stored(request.cookies["session"]).invalidate()
            return {}

        def sorry(error: SessionError, request: Any) -> Response:
            return Response(f"sorry: {error.code}", status=error.status)

        def configure(config: Configurator) -> None:
            config.include("pyramid_tm")
            config.add_exception_view(sorry, context=SessionError)

        visitor = self.serve_retried(view, configure)
        visitor.get()
        answer = visitor.get("/ended")
        self.assertEqual((answer.status, answer.text), (409, "sorry: SESSION_NOT_FOUND"))
