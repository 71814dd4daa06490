"""What to do when the privileges of a visitor change."""

from __future__ import annotations

from typing import Any

from pyramid.csrf import SessionCSRFStoragePolicy
from pyramid.interfaces import ICSRFStoragePolicy


def regenerate(request: Any, *, or_create: bool = False, grace: float | None = None) -> None:
    """Give the session of a request another token and CSRF token, and save it, in one atomic step. The data stays.

    Call it at login, after writing who the visitor is: what an attacker has planted or learned before is then worth nothing
    (session fixation). The response sets the cookie. A session that is not stored gets a fresh token anyway.

    A token that Pyramid's SessionCSRFStoragePolicy keeps among the keys is removed, too; the next form gets a new one.

    or_create: as for Session.regenerate(): at login, True lets a double click sign in, too. Default: False.
    grace: as for Session.regenerate(): not at login. Default: none.

    Raises SessionError, with code SESSION_NOT_FOUND if the session has ended or its token was replaced meanwhile.
    """
    policy = request.registry.queryUtility(ICSRFStoragePolicy)
    if isinstance(policy, SessionCSRFStoragePolicy):
        request.session.pop(policy.key)
    request.session.regenerate(or_create=or_create, grace=grace)
