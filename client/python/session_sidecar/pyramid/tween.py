"""Saves sessions under the exception views, so that an application can answer when one cannot be saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyramid.httpexceptions import HTTPException

from .request_life import lives_of, remember_response

Handler = Callable[[Any], Any]


def session_tween_factory(handler: Handler, registry: Any) -> Handler:
    def session_tween(request: Any) -> Any:
        request.add_response_callback(remember_response)
        try:
            response = handler(request)
        except HTTPException as raised:
            # A redirect that is raised is a success. Of other exceptions, the response is not known yet.
            if raised.status_int < 400:
                _save(request, raised, raised)
            raise
        _save(request, response, None)
        return response

    return session_tween


def _save(request: Any, response: Any, exception: BaseException | None) -> None:
    for life in lives_of(request):
        life.save(response, exception)
