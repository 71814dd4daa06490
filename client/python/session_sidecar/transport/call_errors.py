"""The errors of calls that have no reply, or one that cannot be used."""

from __future__ import annotations

import os
import socket

import grpc

from ..errors import SessionError, from_status


def client_closed(method: str) -> SessionError:
    return SessionError("CANCELLED", f"{method} failed: the client is closed")


def unreadable_api_token(method: str, cause: Exception) -> SessionError:
    return SessionError("API_TOKEN_INVALID", f"{method} failed: the API token cannot be read: {cause}")


def stream_lost(method: str, reason: str) -> SessionError:
    """Always UNAVAILABLE: the status that ended the stream says nothing about its calls."""
    return from_status(method, grpc.StatusCode.UNAVAILABLE, reason)


def no_connection(address: object, cause: Exception) -> str:
    """Return why an attempt to connect failed with cause."""
    number = getattr(cause, "errno", None)
    # asyncio replaces the texts of system errors. The numbers of failed look-ups are not those of system errors.
    if number and not isinstance(cause, socket.gaierror):
        reason = os.strerror(number)
    else:
        reason = getattr(cause, "strerror", None) or str(cause) or "timed out"
    return f"no connection to {address}: {reason}"


def deadline_exceeded(method: str) -> SessionError:
    return from_status(method, grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")


def request_too_large(method: str, size: int, max_size: int) -> SessionError:
    return SessionError("SESSION_TOO_LARGE", f"{method} failed: a request has at most {max_size} bytes, this one has {size}")


def undecodable_reply(method: str) -> SessionError:
    return from_status(method, grpc.StatusCode.INTERNAL, "the reply cannot be decoded")


def empty_reply(method: str) -> SessionError:
    return from_status(method, grpc.StatusCode.INTERNAL, "the reply has no outcome")
