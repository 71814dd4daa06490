"""The response to one request, held until its session is saved."""

from __future__ import annotations

from starlette.types import Message, Scope, Send

from ..web import AsyncRequestSession, HeaderList


class Exchange:
    """Stands between the application and the server.

    The start of the response waits until the session is saved, and its end until what was written since is saved. If the first
    fails, the response is discarded: the application gets the error, and another response can be sent. If the second fails, the
    end is never sent, so that the response is not mistaken for a complete one.
    """

    def __init__(self, scope: Scope, session: AsyncRequestSession, send: Send) -> None:
        self._is_https = scope.get("scheme") == "https"
        self._session = session
        self._send = send
        # The status of the response whose start was sent.
        self.status: int | None = None
        # Why a response was discarded.
        self.failure: Exception | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            message = await self._start(message)
        elif self.status is None and self.failure is not None:
            raise self.failure
        elif self.status is not None and _is_end(message):
            await self._session.before_end(self.status)
        await self._send(message)

    async def _start(self, message: Message) -> Message:
        status = message["status"]
        try:
            await self._session.before_headers(status)
        except Exception as error:
            self.failure = error
            raise
        headers = HeaderList((name.decode("latin-1"), value.decode("latin-1")) for name, value in message.get("headers", ()))
        self._session.write_headers(headers, status, self._is_https)
        self.status = status
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.pairs]
        return {**message, "headers": encoded}


def _is_end(message: Message) -> bool:
    if message["type"] == "http.response.body":
        return not message.get("more_body", False)
    return bool(message["type"] == "http.response.pathsend")
