"""The ASGI middleware."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..async_client import AsyncSessionClient
from ..errors import SessionError
from ..web import AsyncRequestSession, CsrfCheck, CsrfError, WebOptions
from .exchange import Exchange
from .failures import answer_failure, deny_websocket
from .visit import Visit, attach, is_attached


class SessionMiddleware:
    """Gives each request the visitor's session, for load_session(), and saves it before the headers of the response are sent.

    If saving fails, the response is discarded, and the error goes to the application's handler for SessionError. Without one, the
    response is plain text of status 409 if the session has ended meanwhile, 413 if it would exceed a limit, and 503 if the
    sidecar or its store is unavailable. Responses to raised exceptions save, too.

    What is written after the headers, by a stream or a background task, is saved when the response or the task ends, but only to
    an existing session: it is too late for a cookie.

    app: the application.
    address: where the sidecar listens, such as "localhost:50051". The client of this address is closed when the application shuts
        down.
    client: instead of an address, a client with other options. The application closes it.
    options: cookie and others. Default: WebOptions().
    trusted_origins: origins, such as "https://shop.example.com", whose pages may send requests that change something and open
        WebSockets, beside those of the application's own host. Default: none.

    Raises TypeError or ValueError for an option that cannot be used. The message names it.
    """

    def __init__(
        self,
        app: ASGIApp,
        address: str | None = None,
        *,
        client: AsyncSessionClient | None = None,
        options: WebOptions | None = None,
        trusted_origins: Iterable[str] = (),
    ) -> None:
        if address is not None and client is not None:
            raise ValueError("Expected either `address` or `client`, got both")
        self._app = app
        self._is_owner = client is None
        self._client = client or AsyncSessionClient(_given(address))
        self._options = options or WebOptions()
        self._csrf = CsrfCheck.of(trusted_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._closing(send))
        elif scope["type"] not in ("http", "websocket") or is_attached(scope):
            await self._app(scope, receive, send)
        elif "session" in scope:
            raise TypeError("Expected no other middleware to set `session` of the scope")
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._connect(scope, receive, send)

    def _session_of(self, scope: Scope, has_response: bool) -> AsyncRequestSession:
        headers = Headers(scope=scope)
        # HTTP/2 may split the cookies over several headers.
        cookies = "; ".join(headers.getlist("cookie"))
        session = AsyncRequestSession(self._client, self._options, cookies, headers.get("sec-fetch-mode"), has_response)
        attach(scope, Visit(scope, session, self._csrf))
        return session

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        # A mounted application replaces it.
        app = scope.get("app")
        session = self._session_of(scope, has_response=True)
        exchange = Exchange(scope, session, send)
        try:
            await self._app(scope, receive, exchange.send)
        except Exception as error:
            if exchange.status is not None:
                raise
            await answer_failure(exchange.failure or error, app, scope, receive, exchange.send)
            return
        if exchange.status is not None:
            await session.before_end(exchange.status)
        elif exchange.failure is not None:
            await answer_failure(exchange.failure, app, scope, receive, exchange.send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._session_of(scope, has_response=False)
        is_accepted = False

        async def observe(message: Message) -> None:
            nonlocal is_accepted
            is_accepted = is_accepted or message["type"] == "websocket.accept"
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except (CsrfError, SessionError) as error:
            await deny_websocket(error, is_accepted, scope, send)

    def _closing(self, send: Send) -> Send:
        async def send_and_close(message: Message) -> None:
            if self._is_owner and message["type"].startswith("lifespan.shutdown."):
                await self._client.close()
            await send(message)

        return send_and_close


def _given(address: str | None) -> str:
    if address is None:
        raise ValueError("Expected either `address` or `client`, got none of them")
    return address
