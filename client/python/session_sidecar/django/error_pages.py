"""The pages for requests that fail because of their session."""

from __future__ import annotations

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template import TemplateDoesNotExist, loader
from django.views.defaults import server_error

from ..errors import SessionError
from ..web import failure_of
from ..web.response_headers import RETRY_AFTER


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a request that failed: with the status of a SessionError, otherwise like Django.

    For the URLconf: handler500 = "session_sidecar.django.handler500". The page is the template 503.html, 413.html or 409.html,
    rendered without a context like Django's 500.html, or else a line of text. With DEBUG, Django shows its own page instead.
    """
    # Django calls handlers while it handles the exception.
    error = sys.exc_info()[1]
    if not isinstance(error, SessionError) or error.status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return server_error(request)
    status, text = failure_of(error)
    headers = {"Cache-Control": "no-store"}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = RETRY_AFTER
    try:
        page = loader.get_template(f"{status}.html").render()
    except TemplateDoesNotExist:
        page = f"<!doctype html><title>{text}</title><h1>{text}</h1>\n"
    return HttpResponse(page.encode(), status=status, headers=headers)
