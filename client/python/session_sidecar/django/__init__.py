"""Sessions of Django, stored by the session sidecar: SESSION_ENGINE = "session_sidecar.django".

Requires Django 5.2 or newer.
"""

from .error_pages import handler500
from .message_storage import MessageStorage
from .store import SessionStore

__all__ = ["MessageStorage", "SessionStore", "handler500"]
