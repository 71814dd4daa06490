"""The CSRF token of the session, for Pyramid's own checks."""

from __future__ import annotations

from typing import Any

from pyramid.interfaces import ICSRFStoragePolicy
from zope.interface import implementer


@implementer(ICSRFStoragePolicy)
class SidecarCSRFStoragePolicy:
    """The storage policy that is used unless the application sets another: the token that the sidecar keeps for each session.

    Clients in all languages see the same token. Unlike Pyramid's policies, checking a token never starts a session, so forged
    requests store nothing.
    """

    def new_csrf_token(self, request: Any) -> str:
        token: str = request.session.new_csrf_token()
        return token

    def get_csrf_token(self, request: Any) -> str:
        token: str = request.session.get_csrf_token()
        return token

    def check_csrf_token(self, request: Any, supplied_token: str) -> bool:
        is_right: bool = request.session.check_csrf_token(supplied_token)
        return is_right
