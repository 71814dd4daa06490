"""The session store that Django's SessionMiddleware uses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib.sessions.backends.base import SessionBase, UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from ..errors import SessionError, is_damaged
from ..idle_timeout import LONGEST, SHORTEST
from ..opening import invalidating, opening
from ..ordered_messages import data_of
from ..plans import CallStep, Plan
from ..replies import check_results, check_session, check_token
from ..transforming import transforming
from .calls import is_gone, subject_option
from .connection import connection
from .contents import StoredContents, suspicious_log
from .label import Label
from .message_queue import MessageQueue
from .unreadable_values import UnreadableValues
from .values import decode, encode

_EXPIRY = "_session_expiry"


class SessionStore(SessionBase):  # type: ignore[misc]  # Django has no types.
    """A visitor's session. Its session_key is the token, which only the sidecar issues.

    Everything that SessionBase documents holds, but: save() stores only what the request changed, so parallel requests that write
    other keys lose nothing. Reading counts as use. Methods that call the sidecar raise SessionError; where a session has ended,
    those that Django expects to do so raise UpdateError. If the sidecar cannot read the session's record, every use raises
    SessionError, but flush() and Django's logout() work.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._message_queue = MessageQueue()
        self._label = Label()
        self._forget()

    @classmethod
    def clear_expired(cls) -> None:
        """Do nothing: the sidecar ends sessions."""

    @classmethod
    async def aclear_expired(cls) -> None:
        """As clear_expired()."""

    def exists(self, session_key: str | None) -> bool:
        return connection.run(self._existing(session_key))

    async def aexists(self, session_key: str | None) -> bool:
        return await connection.run_async(self._existing(session_key))

    def load(self) -> dict[str, Any]:
        return connection.run(self._loading())

    async def aload(self) -> dict[str, Any]:
        return await connection.run_async(self._loading())

    def create(self) -> None:
        self.save(must_create=True)
        self.modified = True

    async def acreate(self) -> None:
        await self.asave(must_create=True)
        self.modified = True

    def save(self, must_create: bool = False) -> None:
        """Store what changed, in one atomic step. Raises UpdateError if the session has ended since it was loaded.

        must_create: stores the values in a new session, with a new key.
        """
        connection.run(self._saving(self._get_session(no_load=must_create), must_create))

    async def asave(self, must_create: bool = False) -> None:
        """As save()."""
        await connection.run_async(self._saving(await self._aget_session(no_load=must_create), must_create))

    def delete(self, session_key: str | None = None) -> None:
        connection.run(invalidating(session_key or self.session_key))

    async def adelete(self, session_key: str | None = None) -> None:
        await connection.run_async(invalidating(session_key or self.session_key))

    def cycle_key(self) -> None:
        """Replace the key, and save, in one atomic step. The old key becomes invalid at once.

        If the session has ended since it was loaded, for example because another request has logged in with it, this one gets a
        new session, with only what it has written itself.
        """
        connection.run(self._cycling(self._get_session()))

    async def acycle_key(self) -> None:
        """As cycle_key()."""
        await connection.run_async(self._cycling(await self._aget_session()))

    def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """Atomically replace the value at a key with the result of change, so that no parallel change to it is lost.

        change receives the current value, or None if the key does not exist, and is called again with the new value if another
        request changed the session first. The result is stored at once. If there is no session yet, or the key has unsaved
        changes, change receives what this request has, and everything is saved.

        Returns the new value. Raises SessionInterrupted, a bad request, if the session has ended.
        """
        return connection.run(self._transforming(self._get_session(), key, change))

    async def atransform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """As transform()."""
        return await connection.run_async(self._transforming(await self._aget_session(), key, change))

    def clear(self) -> None:
        super().clear()
        self._contents.clear()

    def is_empty(self) -> bool:
        return super().is_empty() and not self._message_queue.has_unsaved

    @property
    def label(self) -> str | None:
        """What describes the session to its owner in a list of sessions, even if that is not saved yet. None: nothing.

        Assign, for example, the device and the address: 1 to 256 bytes of UTF-8 without control characters. save() stores it.
        Raises TypeError or ValueError for another label.
        """
        if self.session_key is None:
            self._label.load(None)
        else:
            len(self._get_session())
        return self._label.text

    @label.setter
    def label(self, label: str | None) -> None:
        self._label.assign(label)
        self.modified = True

    @property
    def message_queue(self) -> MessageQueue:
        """The messages of MessageStorage. Loads the session, and raises SessionError if its record cannot be read."""
        len(self._get_session())
        return self._message_queue

    def _forget(self) -> None:
        self._contents = StoredContents(self.serializer())
        self._message_queue.load()
        self._label.load(None)
        # The expiry that the session's idle timeout was made from.
        self._timed_by: Any = None

    def _existing(self, session_key: str | None) -> Plan[bool]:
        return (yield from opening(session_key)).found is not None

    def _loading(self) -> Plan[Any]:
        token = self.session_key
        try:
            found = (yield from opening(token, connection.find)).found
        except SessionError as error:
            if not is_damaged(error):
                raise
            suspicious_log.warning("A session cannot be read: %s", error)
            return UnreadableValues(error)
        if found is None:
            return self._nothing()
        self._contents = StoredContents(self.serializer(), data_of(found))
        self._message_queue.load(found)
        self._label.load(found)
        values = self._contents.values()
        self._timed_by = values.get(_EXPIRY)
        if self._timed_by and self.get_expiry_age(expiry=self._timed_by) <= 0:
            # Its date has passed, and the sidecar knows idle timeouts only.
            yield from invalidating(token)
            return self._nothing()
        return values

    def _nothing(self) -> dict[str, Any]:
        self._session_key = None
        self._forget()
        return {}

    def _saving(self, values: dict[str, Any], must_create: bool) -> Plan[None]:
        if must_create or self.session_key is None:
            yield from self._creating(values)
            return
        changes = self._contents.changes(values)
        pushes = self._message_queue.mutations()
        options = {**subject_option(changes, values), **self._label.option()}
        if values.get(_EXPIRY) != self._timed_by:
            options["idle_timeout"] = self._idle_timeout(values)
        if not changes and not pushes and not options:
            return
        self._contents.expect(changes)
        request = api.UpdateSessionRequest(token=self.session_key, mutations=[*changes, *pushes], **options)
        try:
            response = yield CallStep("UpdateSession", request)
        except SessionError as error:
            if is_gone(error):
                raise UpdateError from error
            raise
        check_results("UpdateSession", request.mutations, response)
        self._contents.settle(changes)
        self._message_queue.settle(pushes)
        self._label.settle()
        self._timed_by = values.get(_EXPIRY)

    def _creating(self, values: dict[str, Any]) -> Plan[None]:
        contents = StoredContents(self.serializer())
        changes = contents.changes(values)
        pushes = self._message_queue.mutations()
        options = {
            "idle_timeout": self._idle_timeout(values),
            **subject_option(changes, values),
            **self._label.option(is_new=True),
        }
        request = api.CreateSessionRequest(mutations=[*changes, *pushes], **options)
        response = yield CallStep("CreateSession", request)
        check_results("CreateSession", request.mutations, response)
        check_session("CreateSession", response)
        check_token("CreateSession", response)
        contents.settle(changes)
        self._message_queue.load()
        self._message_queue.settle(pushes)
        self._label.settle()
        self._label.load(response.session)
        self._session_key, self._contents, self._timed_by = response.token, contents, values.get(_EXPIRY)

    def _cycling(self, values: dict[str, Any]) -> Plan[None]:
        self.modified = True
        if self.session_key is None:
            yield from self._creating(values)
            return
        changes = self._contents.changes(values)
        self._contents.expect(changes)
        options = {**subject_option(changes, values), **self._label.option()}
        request = api.RegenerateSessionRequest(token=self.session_key, mutations=changes, **options)
        try:
            response = yield CallStep("RegenerateSession", request)
        except SessionError as error:
            if not is_gone(error):
                raise
            own = {change.set.key for change in changes if change.HasField("set")}
            self._session_cache = {key: value for key, value in values.items() if key in own}
            yield from self._creating(self._session_cache)
            return
        check_results("RegenerateSession", request.mutations, response)
        check_token("RegenerateSession", response)
        self._contents.settle(changes)
        self._label.settle()
        self._session_key = response.token

    def _transforming(self, values: dict[str, Any], key: str, change: Callable[[Any], Any]) -> Plan[Any]:
        token = self.session_key
        if token is None or self._contents.is_changed(key, values):
            # Makes the middleware send the cookie.
            self.modified = True
            values[key] = change(values.get(key))
            yield from self._saving(values, must_create=False)
            return values[key]
        serializer = self.serializer()

        def change_text(text: bytes | None) -> bytes:
            return encode(serializer, change(None if text is None else decode(serializer, text)))

        try:
            text, _ = yield from transforming(token, key, change_text)
        except SessionError as error:
            if is_gone(error):
                raise SessionInterrupted("The session ended while the request was served.") from error
            raise
        self._contents.adopt(key, text)
        values[key] = decode(serializer, text)
        return values[key]

    def _idle_timeout(self, values: dict[str, Any]) -> timedelta:
        age = timedelta(seconds=self.get_expiry_age(expiry=values.get(_EXPIRY)))
        return min(max(age, SHORTEST), LONGEST)
