"""Keeps the sessions of a web application in the session sidecar that runs beside it."""

from .client import SessionClient
from .errors import SessionError
from .session import Session

__all__ = ["Session", "SessionClient", "SessionError"]
