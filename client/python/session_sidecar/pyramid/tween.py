"""Saves sessions where the application can answer when one cannot be saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPException

from ..errors import SessionError
from .request_life import exception_of, lives_of, remember_response
from .retrying import is_attempt, is_retried, mark_retryable, waits_for_commit

Handler = Callable[[Any], Any]


def session_tween_factory(handler: Handler, registry: Any) -> Handler:
    """Belongs under the exception views, which get the error."""

    def session_tween(request: Any) -> Any:
        request.add_response_callback(remember_response)
        try:
            response = handler(request)
        except HTTPException as raised:
            # A redirect that is raised is a success. Of other exceptions, the response is not known yet.
            if raised.status_int < 400:
                _save_now(request, raised, raised)
            raise
        except SessionError as error:
            mark_retryable(request, error)
            raise
        _save_now(request, response, None)
        return response

    return session_tween


def commit_tween_factory(handler: Handler, registry: Any) -> Handler:
    """Belongs above the exception views and pyramid_tm. Saves what had to wait for the transaction, and invokes those views."""

    def commit_tween(request: Any) -> Any:
        response = handler(request)
        exception = exception_of(request)
        if not is_attempt(request) or is_retried(request, exception):
            return response
        try:
            _save(request, response, exception)
        except SessionError:
            return request.invoke_exception_view(reraise=True)
        return response

    return commit_tween


def _save_now(request: Any, response: Any, exception: BaseException | None) -> None:
    if not waits_for_commit(request):
        _save(request, response, exception)


def _save(request: Any, response: Any, exception: BaseException | None) -> None:
    for life in lives_of(request):
        life.save(response, exception)
