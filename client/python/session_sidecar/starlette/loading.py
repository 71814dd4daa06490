"""What applications call with a request. In FastAPI, the functions that take a connection are dependencies, too."""

from __future__ import annotations

from starlette.requests import HTTPConnection, Request

from ..async_session import AsyncSession
from ..web import CSRF_FIELD, CSRF_HEADER, mask_token
from .visit import visit_of

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def load_session(connection: HTTPConnection) -> AsyncSession:
    """Return the visitor's session, loaded at the first call in a request. Saved before the headers of the response are sent.

    On a WebSocket, there is no such moment: call `await session.save()`. What is saved on a WebSocket by a visitor without a
    session is lost, because no cookie can be sent.

    Raises SessionError if the sidecar or its store is unavailable, and CsrfError for a WebSocket that a page of another origin,
    which is not among the trusted ones, has opened.
    """
    return await visit_of(connection.scope).load()


async def check_csrf(connection: HTTPConnection) -> None:
    """Raise CsrfError, status 403, unless the request changes nothing, or has proof that it comes from the application's own
    pages.

    The proof is what csrf_token() returns, as the header X-CSRF-Token or, without it, as the form field csrf_token.
    """
    if not isinstance(connection, Request):
        return
    visit = visit_of(connection.scope)
    if not visit.csrf.needs_token(connection.method, visit.origin):
        return
    header = connection.headers.get(CSRF_HEADER)
    token = visit.csrf.token_of(header, None if header else await _field_of(connection))
    visit.csrf.check_token(await visit.load(), token)


async def csrf_token(session: AsyncSession) -> str:
    """Return the session's CSRF token for one response, masked: each call returns another text, and all of them are accepted.

    Costs a call to the sidecar only for a new session, which is stored then.
    """
    return mask_token(await session.csrf_token())


async def _field_of(request: Request) -> object:
    if not request.headers.get("content-type", "").startswith(_FORMS):
        return None
    return (await request.form()).get(CSRF_FIELD)
