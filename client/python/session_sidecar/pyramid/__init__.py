"""Sessions in Pyramid: config.include("session_sidecar.pyramid").

It takes the place of pyramid_redis_sessions and pyramid_session_redis, with their settings. docs/guide/coming-from-pyramid.md
lists what differs.
"""

from __future__ import annotations

from typing import Any

from pyramid.tweens import EXCVIEW

from ..errors import SessionError
from .csrf import SidecarCSRFStoragePolicy
from .error_view import session_error_view
from .factory import SidecarSessionFactory, check_response_allow_cookies, session_factory_from_settings
from .invalid_session import InvalidSession, InvalidToken, NoSessionCookie, NotInBackend
from .privileges import regenerate
from .session import PyramidSession

__all__ = [
    "InvalidSession",
    "InvalidToken",
    "NoSessionCookie",
    "NotInBackend",
    "PyramidSession",
    "SidecarCSRFStoragePolicy",
    "SidecarSessionFactory",
    "check_response_allow_cookies",
    "includeme",
    "regenerate",
    "session_factory_from_settings",
]


def includeme(config: Any) -> None:
    """Set the session factory out of the application's settings, and what belongs to it.

    That is the tweens that save sessions, a CSRF storage policy, and a view for SessionError. The application's own policy and
    exception views take precedence.

    Raises ConfigurationError as session_factory_from_settings() does.
    """
    config.set_session_factory(session_factory_from_settings(config.registry.settings, config.maybe_dotted))
    config.set_csrf_storage_policy(SidecarCSRFStoragePolicy())
    config.add_tween("session_sidecar.pyramid.tween.session_tween_factory", under=EXCVIEW)
    config.add_tween("session_sidecar.pyramid.tween.commit_tween_factory", over=("pyramid_tm.tm_tween_factory", EXCVIEW))
    config.add_exception_view(session_error_view, context=SessionError)
