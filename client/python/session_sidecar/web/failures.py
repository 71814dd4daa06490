"""What a response tells of a request that failed."""

from __future__ import annotations

from http import HTTPStatus

from ..errors import SessionError
from .csrf import CsrfError


def failure_of(error: Exception) -> tuple[int, str]:
    """Return the status and the text of the response to a request that failed."""
    if isinstance(error, CsrfError):
        return error.status, str(error)
    # Messages of other errors are for the log.
    status = error.status if isinstance(error, SessionError) else 500
    return status, HTTPStatus(status).phrase


def reports_failure(status: int) -> bool:
    """Return whether a response is not replaced, least of all the error page of a save that has failed before."""
    return status >= 400


def too_late() -> RuntimeError:
    return RuntimeError(
        "The session was started or regenerated after the headers of the response were sent, too late for its cookie. "
        "Write to the session before sending anything."
    )
