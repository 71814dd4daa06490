"""The sessions that belong to a subject."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .base_session import BaseSession
from .codecs.value_codec import ValueCodec
from .ordered_messages import data_of
from .replies import check_listed


class SubjectSession(NamedTuple):
    """One of a subject's sessions, as it was when it was listed. Times are in UTC.

    handle: the session's public id, which invalidate() takes.
    label: what was assigned to Session.label, for example the device. None: nothing.
    accessed: the last recorded access. The actual one may be later by the sidecar's touch interval.
    expires: when the session expires if it is not used again. None: never.
    is_current: whether it is the session that was given as current.
    data: the keys and values, in the order in which the keys were first written. None unless include_data was set.
    """

    handle: str
    label: str | None
    created: datetime
    accessed: datetime
    expires: datetime | None
    version: int
    is_current: bool
    data: dict[str, Any] | None


class SubjectSessions:
    """The sessions that belong to a subject, as assigned to Session.subject: the devices of a user, for example.

    The sidecar does not know who may see or end them: check that before. Methods that call the sidecar raise SessionError.
    """

    def __init__(self, call: Callable[[str, Any], Any], codec: ValueCodec, subject: str) -> None:
        self._call = call
        self._codec = codec
        self._subject = _checked_subject(subject)

    def list(
        self, *, current: BaseSession | str | None = None, include_data: bool = False, page_size: int = 100
    ) -> Iterator[SubjectSession]:
        """Yield all sessions, in the order of their handles, as they are needed. Being listed is not an access to a session.

        current: the session that is marked as the current one, or its token. Default: none.
        include_data: whether to read the data, too.
        page_size: the maximum number of sessions per call to the sidecar, 1 to 1,000.
        """
        request = _list_request(self._subject, current, include_data, page_size)
        return self._pages(request)

    def _pages(self, request: Any) -> Iterator[SubjectSession]:
        while True:
            response = self._call("ListSubjectSessions", request)
            yield from _sessions_of(request, response, self._codec)
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    def invalidate(self, handle: str) -> bool:
        """End one of the sessions, named by its handle.

        Returns whether this call has ended it: not if it has ended before, or does not belong to the subject.
        """
        request = _invalidate_request(self._subject, [handle])
        return int(self._call("InvalidateSubjectSessions", request).ended_count) > 0

    def invalidate_all(self, *, except_current: BaseSession | str | None = None) -> int:
        """End all sessions, or all but one, and return how many.

        None that existed when it was called survives, nor does one that a login in flight gives to the subject at that moment.
        If it raises an error, some may have ended; call it again.

        except_current: a session that goes on, or its token. Default: none.
        """
        request = _invalidate_request(self._subject, [], except_current)
        return int(self._call("InvalidateSubjectSessions", request).ended_count)


class AsyncSubjectSessions:
    """SubjectSessions whose calls are awaited."""

    def __init__(self, call: Callable[[str, Any], Awaitable[Any]], codec: ValueCodec, subject: str) -> None:
        self._call = call
        self._codec = codec
        self._subject = _checked_subject(subject)

    def list(
        self, *, current: BaseSession | str | None = None, include_data: bool = False, page_size: int = 100
    ) -> AsyncIterator[SubjectSession]:
        """As SubjectSessions.list(), for async for."""
        request = _list_request(self._subject, current, include_data, page_size)
        return self._pages(request)

    async def _pages(self, request: Any) -> AsyncIterator[SubjectSession]:
        while True:
            response = await self._call("ListSubjectSessions", request)
            for session in _sessions_of(request, response, self._codec):
                yield session
            if not response.next_page_token:
                return
            request.page_token = response.next_page_token

    async def invalidate(self, handle: str) -> bool:
        """As SubjectSessions.invalidate()."""
        request = _invalidate_request(self._subject, [handle])
        return int((await self._call("InvalidateSubjectSessions", request)).ended_count) > 0

    async def invalidate_all(self, *, except_current: BaseSession | str | None = None) -> int:
        """As SubjectSessions.invalidate_all()."""
        request = _invalidate_request(self._subject, [], except_current)
        return int((await self._call("InvalidateSubjectSessions", request)).ended_count)


def _checked_subject(subject: object) -> str:
    if not isinstance(subject, str):
        raise TypeError(f"Expected the subject to be a str, got {type(subject).__name__}")
    return subject


def _list_request(subject: str, current: BaseSession | str | None, include_data: bool, page_size: int) -> Any:
    token = None if current is None else _token_of(current, "current")
    return api.ListSubjectSessionsRequest(subject=subject, current_token=token, include_data=include_data, page_size=page_size)


def _invalidate_request(subject: str, handles: list[str], spared: BaseSession | str | None = None) -> Any:
    token = None if spared is None else _token_of(spared, "except_current")
    return api.InvalidateSubjectSessionsRequest(subject=subject, handles=handles, except_token=token)


def _token_of(session: object, option: str) -> str:
    token = session if isinstance(session, str) else getattr(session, "token", None)
    if not isinstance(token, str) or not token:
        raise ValueError(f"Expected {option} to be a stored session or a token, got neither")
    return token


def _sessions_of(request: Any, response: Any, codec: ValueCodec) -> Iterator[SubjectSession]:
    for session in response.sessions:
        check_listed("ListSubjectSessions", session)
        values = {key: codec.decode(text, repr(key)) for key, text in data_of(session).items()}
        yield SubjectSession(
            handle=session.handle,
            label=session.label or None,
            created=session.created.ToDatetime(timezone.utc),
            accessed=session.accessed.ToDatetime(timezone.utc),
            expires=session.expires.ToDatetime(timezone.utc) if session.HasField("expires") else None,
            version=int(session.version),
            is_current=session.is_current,
            data=values if request.include_data else None,
        )
