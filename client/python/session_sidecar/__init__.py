"""Sessions for web applications, stored by the session sidecar that runs beside the application."""

from .client import SessionClient
from .errors import SessionError
from .session import Session

__all__ = ["Session", "SessionClient", "SessionError"]
