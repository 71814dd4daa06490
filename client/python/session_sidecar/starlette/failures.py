"""The responses to requests whose session has failed."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from typing import Any, NoReturn

from starlette.concurrency import run_in_threadpool
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from ..errors import SessionError
from ..web import CsrfError, failure_of

_logger = logging.getLogger("session_sidecar.web")

# Try again later; policy violation; internal error (RFC 6455, section 7.4.1, and the registry of IANA).
_CLOSE_CODES = {503: 1013, 403: 1008}
_INTERNAL_ERROR = 1011


async def answer_failure(error: Exception, app: Any, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request that has failed.

    Errors of sessions go to the application's handler for them, or are answered with their status. Any other error is answered as
    Starlette would, where the session can be saved, and raised again, for the server to log it.

    app: the Starlette application. Anything else has no handlers.
    """
    if not isinstance(error, (SessionError, CsrfError)):
        await _answer_unexpected(error, app)(scope, receive, send)
        return
    handler = _handlers_of(app).get(type(error)) or _answer_by_status
    if inspect.iscoroutinefunction(handler):
        response = await handler(Request(scope, receive, send), error)
    else:
        response = await run_in_threadpool(handler, Request(scope, receive, send), error)
    await response(scope, receive, send)


def _answer_by_status(_request: Request, error: Exception) -> ASGIApp:
    status, text = _reported(error)
    return PlainTextResponse(text, status)


def _reported(error: Exception) -> tuple[int, str]:
    """Return the status and the text of a response, and log what is not the visitor's fault."""
    status, text = failure_of(error)
    if status >= 500:
        _logger.error("%s", error)
    return status, text


def _answer_unexpected(error: Exception, app: Any) -> ASGIApp:
    async def fail(*_: object) -> NoReturn:
        raise error

    handlers = _handlers_of(app)
    # It sits outside of all other middleware, whose responses it cannot complete.
    return ServerErrorMiddleware(fail, handlers.get(500) or handlers.get(Exception), getattr(app, "debug", False))


def _handlers_of(app: Any) -> dict[Any, Callable[..., Any]]:
    handlers: dict[Any, Callable[..., Any]] = getattr(app, "exception_handlers", {})
    return handlers


async def deny_websocket(error: Exception, is_accepted: bool, scope: Scope, send: Send) -> None:
    """Refuse a WebSocket because of an error, or close it if it was accepted."""
    status, text = _reported(error)
    if not is_accepted and "websocket.http.response" in (scope.get("extensions") or {}):
        headers = [(b"content-type", b"text/plain; charset=utf-8")]
        await send({"type": "websocket.http.response.start", "status": status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": text.encode()})
    else:
        await send({"type": "websocket.close", "code": _CLOSE_CODES.get(status, _INTERNAL_ERROR), "reason": text[:100]})
