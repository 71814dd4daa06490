"""What the middleware keeps of a connection, for the functions that the application calls."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Scope

from ..async_session import AsyncSession
from ..web import AsyncRequestSession, CsrfCheck, RequestOrigin

_KEY = "session_sidecar"


class Visit:
    """The session of a connection, and what decides whether it may be used."""

    def __init__(self, scope: Scope, session: AsyncRequestSession, csrf: CsrfCheck) -> None:
        self.session = session
        self.csrf = csrf
        self._scope = scope

    @property
    def origin(self) -> RequestOrigin:
        headers = Headers(scope=self._scope)
        return RequestOrigin(headers.get, headers.get("host"))

    async def load(self) -> AsyncSession:
        """Load the session at the first call.

        Raises CsrfError for a WebSocket that a page of another origin has opened: browsers let it, with the visitor's cookie.
        """
        if self._scope["type"] == "websocket":
            self.csrf.check_origin(self.origin)
        return await self.session.load()


def attach(scope: Scope, visit: Visit) -> None:
    scope[_KEY] = visit
    scope["session"] = _RequestDotSession(visit.session)


def is_attached(scope: Scope) -> bool:
    return _KEY in scope


def visit_of(scope: Scope) -> Visit:
    """Return what the middleware has attached. Raises RuntimeError if there is none."""
    visit = scope.get(_KEY)
    if not isinstance(visit, Visit):
        raise RuntimeError("Expected SessionMiddleware to be added to the application: app.add_middleware(SessionMiddleware, …)")
    return visit


class _RequestDotSession(MutableMapping[str, Any]):
    """`request.session`, which templates and libraries for Starlette use: the session, once it is loaded."""

    def __init__(self, request_session: AsyncRequestSession) -> None:
        self._request_session = request_session

    @property
    def _loaded(self) -> AsyncSession:
        session = self._request_session.session
        if session is None:
            raise RuntimeError("Expected the session to be loaded before `request.session` is used: await load_session(request)")
        return session

    def __getitem__(self, key: str) -> Any:
        return self._loaded[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._loaded[key] = value

    def __delitem__(self, key: str) -> None:
        del self._loaded[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._loaded)

    def __len__(self) -> int:
        return len(self._loaded)
