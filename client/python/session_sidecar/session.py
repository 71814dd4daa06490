"""One visitor's session."""

from __future__ import annotations

import hmac
import random
import time
from collections.abc import Callable, Iterator, MutableMapping
from datetime import datetime, timedelta, timezone
from typing import Any

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .codec import decode, encode
from .errors import SessionError
from .names import check_name
from .replies import check_results, check_session, check_token
from .session_data import SessionData

_MAX_TRANSFORM_ATTEMPTS = 50


class Session(MutableMapping[str, Any]):
    """A dictionary from str to values that JSON can hold, loaded when it was opened. It belongs to one request.

    Reading and writing do not call the sidecar. Writes are recorded, and save() sends them, and only them, as operations that
    the sidecar applies in one step: parallel requests that write to other keys lose nothing. Values are handed out as they are,
    not as copies; save() finds and sends those that were changed inside, each as a whole. Where parallel requests change the
    same value, use transform(). Until a save() has succeeded all changes stay recorded.

    origin: what open() found: "none", "found", "not_found" or "token_invalid"; for logs.
    is_new: whether the visitor came without a session, or it was invalidated since. Saving does not change it.
    token: the secret that names the session in every later request; None unless stored.
    """

    def __init__(
        self, call: Callable[[str, Any], Any], origin: str, token: str | None = None, found: messages.Session | None = None
    ) -> None:
        self._call = call
        self.origin = origin
        self.is_new = found is None
        self._load(token, found)

    def _load(self, token: str | None, stored: messages.Session | None) -> None:
        self.token = token
        self._stored = stored or messages.Session()
        self._data = SessionData(self._stored.data)
        self._waiting = {queue.name for queue in self._stored.flash_queues}
        # Recorded and not saved yet.
        self._pushed: list[messages.PushFlash] = []
        self._idle_timeout: dict[str, Any] = {}
        self._subject: str | None = None

    @property
    def handle(self) -> str | None:
        """The session's public id, fit for logs; regenerate() keeps it. None unless stored."""
        return self._stored.handle or None

    @property
    def version(self) -> int:
        """Grows with every change, whoever makes it; as last told by the sidecar. 0 unless stored."""
        return self._stored.version

    @property
    def created(self) -> datetime | None:
        return self._time("created")

    @property
    def expires(self) -> datetime | None:
        """When the session ends if nobody uses it again, as last told by the sidecar. None: never, or not stored."""
        return self._time("expires")

    @property
    def subject(self) -> str | None:
        """Who the session belongs to, for example a user id. None: nobody in particular. save() sends what was assigned."""
        return (self._stored.subject if self._subject is None else self._subject) or None

    @subject.setter
    def subject(self, subject: str | None) -> None:
        self._subject = subject or ""

    def set_idle_timeout(self, timeout: timedelta | None) -> None:
        """How long this session lives unused, 1 second to 10 years; None: it does not expire by being idle. Sent by save()."""
        self._idle_timeout = {"no_idle_timeout": True} if timeout is None else {"idle_timeout": timeout}

    def __getitem__(self, key: str) -> Any:
        return self._data.get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        self._data.set(key, value)

    def __delitem__(self, key: str) -> None:
        self._data.delete(key)

    def __contains__(self, key: object) -> bool:
        return key in self._data

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value at a key; if there is none, default, which save() then stores unless another request stores one first."""
        if key not in self:
            self._data.set(key, default, "set_if_absent")
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Removes the last key and returns it with its value."""
        if not self:
            raise KeyError("The session is empty.")
        key = list(self)[-1]
        return key, self.pop(key)

    def clear(self) -> None:
        """Removes every key, those that other requests add before save() too. Flash messages, CSRF token and subject stay."""
        self._data.clear(self.token is not None)

    @property
    def has_changes(self) -> bool:
        """Whether save() has anything to send."""
        if self._pushed or self._data.mutations():
            return True
        return bool(self.subject) if self.token is None else self._subject is not None or bool(self._idle_timeout)

    def save(self) -> None:
        """Stores what changed since the session was loaded or saved, in one call and one atomic step.

        Creates the session if there is none yet. Does nothing when nothing changed. Raises SESSION_NOT_FOUND when the session
        ended meanwhile.
        """
        if not self.has_changes:
            return
        if self.token is None:
            self._create()
            return
        mutations = self._mutations()
        request = api.UpdateSessionRequest(token=self.token, mutations=mutations, subject=self._subject, **self._idle_timeout)
        response = self._call("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._settle(mutations, response)
        self._idle_timeout = {}

    def regenerate(self) -> None:
        """Replaces token and CSRF token and saves, in one step. The old token is dead at once.

        Call it whenever the visitor's privileges change, above all at login, after writing what changes them. Does nothing on a
        session that is not stored: its token will be fresh.
        """
        if self.token is None:
            return
        if self._idle_timeout:
            # RegenerateSession does not take it. Saved before: afterwards, a failure would keep the new token from the visitor.
            self.save()
        mutations = self._mutations()
        request = api.RegenerateSessionRequest(token=self.token, mutations=mutations, subject=self._subject)
        response = self._call("RegenerateSession", request)
        check_results("RegenerateSession", request.mutations, response)
        check_token("RegenerateSession", response)
        self.token = response.token
        self._stored.csrf_token = response.csrf_token
        self._settle(mutations, response)

    def invalidate(self) -> None:
        """Ends the session for good, at once, together with unsaved changes. The object then works like a new session.

        A request that still runs with the old token cannot bring it back. Call it at logout.
        """
        if self.token is not None:
            self._call("InvalidateSession", api.InvalidateSessionRequest(token=self.token))
            self.is_new = True
        self._load(None, None)

    def transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        """Replaces the value at a key by what change makes of it, in one atomic step: nothing that parallel requests do is lost.

        change gets None when there is no value, and is called again when another request came first. Stored when this returns.
        On a session that is not stored yet, an assignment. If the key has unsaved changes, change gets the unsaved value, and
        everything unsaved is saved.
        """
        if self.token is None or self._data.is_changed(key):
            self[key] = change(self.get(key))
            if self.token is not None:
                self.save()
            return self[key]
        for attempt in range(1, _MAX_TRANSFORM_ATTEMPTS + 1):
            try:
                return self._try_transform(key, change)
            except SessionError as error:
                if error.code != "VERSION_MISMATCH" or attempt == _MAX_TRANSFORM_ATTEMPTS:
                    raise
            # Spread out those who lost the same race, lest they all meet again.
            time.sleep(random.random() * min(attempt, 20) / 1000)

    def flash(self, message: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        """Adds a message for a later page, usually the one after a redirect. Stored by save()."""
        check_name(queue, "the name of the queue", min_bytes=0)
        text = encode(message, "the message")
        self._pushed.append(messages.PushFlash(queue=queue, message=text, unless_present=not allow_duplicate))

    def peek_flash(self, queue: str = "") -> list[Any]:
        """The messages of a queue, oldest first, those not saved yet included; they stay.

        Asks the sidecar only when messages were waiting in the queue when the session was loaded.
        """
        return self._flash("PeekFlash", api.PeekFlashRequest(token=self.token, queue=queue))

    def pop_flash(self, queue: str = "") -> list[Any]:
        """As peek_flash(), and takes the messages out. Each is given to exactly one request."""
        popped = self._flash("PopFlash", api.PopFlashRequest(token=self.token, queue=queue))
        self._waiting.discard(queue)
        self._pushed = [push for push in self._pushed if push.queue != queue]
        return popped

    def csrf_token(self) -> str:
        """The token that forms have to carry. Stores the session, because a new one has none; otherwise asks nobody."""
        if self.token is None:
            self._create()
        return self._stored.csrf_token

    def new_csrf_token(self) -> str:
        """Replaces the CSRF token; forms that carry the old one are refused from now on."""
        if self.token is not None:
            self._stored.csrf_token = self._call("NewCsrfToken", api.NewCsrfTokenRequest(token=self.token)).csrf_token
        return self.csrf_token()

    def check_csrf_token(self, token: str | None) -> bool:
        """Compares with the CSRF token as loaded, in constant time. False unless the session is stored."""
        given = (token or "").encode("utf-8", "surrogatepass")
        return bool(given) and self.token is not None and hmac.compare_digest(given, self._stored.csrf_token.encode())

    def _create(self) -> None:
        request = api.CreateSessionRequest(mutations=self._mutations(), subject=self.subject, **self._idle_timeout)
        response = self._call("CreateSession", request)
        check_results("CreateSession", request.mutations, response)
        check_session("CreateSession", response)
        check_token("CreateSession", response)
        data = self._data
        data.settle(list(request.mutations), response.results)
        self._load(response.token, response.session)
        self._data = data  # The same objects: what the application holds of them can still be changed.

    def _try_transform(self, key: str, change: Callable[[Any], Any]) -> Any:
        response = self._call("GetSession", api.GetSessionRequest(token=self.token))
        check_session("GetSession", response)
        current = response.session
        before = decode(current.data[key], repr(key)) if key in current.data else None
        text = encode(change(before), repr(key))
        mutation = messages.Mutation(set={"key": key, "value": text})
        request = api.UpdateSessionRequest(token=self.token, mutations=[mutation], if_version=current.version)
        response = self._call("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._data.adopt(key, text)
        self._told(response)
        return self[key]

    def _flash(self, method: str, request: Any) -> list[Any]:
        texts: list[bytes] = []
        if self.token is not None and request.queue in self._waiting:
            texts += self._call(method, request).messages
        for push in self._pushed:
            if push.queue == request.queue and not (push.unless_present and push.message in texts):
                texts.append(push.message)
        return [decode(text, "the message") for text in texts]

    def _mutations(self) -> list[messages.Mutation]:
        mutations = self._data.mutations()
        self._data.sending(mutations)
        return mutations + [messages.Mutation(push_flash=push) for push in self._pushed]

    def _settle(self, mutations: list[messages.Mutation], response: Any) -> None:
        self._data.settle(mutations, response.results)
        applied = response.results[len(mutations) - len(self._pushed) :]
        self._waiting.update(push.queue for push, result in zip(self._pushed, applied, strict=True) if result.applied)
        self._pushed = []
        if self._subject is not None:
            self._stored.subject, self._subject = self._subject, None
        self._told(response)

    def _told(self, response: Any) -> None:
        self._stored.version = response.version
        self._stored.ClearField("expires")
        if response.HasField("expires"):
            self._stored.expires.CopyFrom(response.expires)

    def _time(self, field: str) -> datetime | None:
        return getattr(self._stored, field).ToDatetime(timezone.utc) if self._stored.HasField(field) else None
