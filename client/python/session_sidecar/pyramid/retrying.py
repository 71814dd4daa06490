"""Requests that pyramid_retry attempts again, if the application uses it."""

from __future__ import annotations

from typing import Any

from ..errors import SessionError

# Where pyramid_retry says that it is at work, so that it can be imported, and pyramid_tm that a transaction has begun.
_ATTEMPTS = "retry.attempts"
_TRANSACTION = "tm.active"
# All attempts at a request share its environ. Where it has the token that an attempt has replaced that of the cookie with.
_REPLACEMENT = "session_sidecar.pyramid.replacement"


def is_attempt(request: Any) -> bool:
    """Return whether there may be another attempt at a request, or was one."""
    return _ATTEMPTS in request.environ


def waits_for_commit(request: Any) -> bool:
    """Return whether a session must not be saved before the transaction: if that fails, there may be another attempt."""
    return is_attempt(request) and _TRANSACTION in request.environ


def mark_retryable(request: Any, error: SessionError) -> None:
    """Let an error that another attempt can avoid start one: a value that parallel requests have changed again and again.

    A session that has ended is not such an error: another attempt would mistake the visitor for a new one.
    """
    if error.code == "VERSION_MISMATCH" and is_attempt(request):
        from pyramid_retry import mark_error_retryable

        mark_error_retryable(error)


def is_retried(request: Any, error: BaseException | None) -> bool:
    """Return whether there will be another attempt because of an error."""
    if error is None or not is_attempt(request):
        return False
    from pyramid_retry import is_error_retryable

    is_retryable: bool = is_error_retryable(request, error)
    return is_retryable


def hand_over(request: Any, token: str) -> None:
    """Let the next attempt open the session by the token that this one has given it, because that of the cookie is dead."""
    request.environ[_REPLACEMENT] = token


def handed_over(request: Any) -> str | None:
    token: str | None = request.environ.get(_REPLACEMENT)
    return token
