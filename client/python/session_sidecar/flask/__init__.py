"""Sessions in Flask. `flask.session` is the visitor's session, kept by the sidecar."""

from .csrf import CsrfProtect, csrf_token
from .extension import SessionSidecar
from .flask_session import FlaskSession, session

__all__ = ["CsrfProtect", "FlaskSession", "SessionSidecar", "csrf_token", "session"]
