"""What Session and AsyncSession have in common: everything but making calls."""

from __future__ import annotations

import hmac
import random
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .codec import decode, encode
from .errors import SessionError
from .flash_messages import FlashMessages
from .plans import CallStep, PauseStep, Plan
from .replies import check_results, check_session, check_token
from .session_data import SessionData

_MAX_TRANSFORM_ATTEMPTS = 50


class BaseSession(MutableMapping[str, Any]):
    """The session of one request. Subclasses add the methods that call the sidecar, and run the plans of this class."""

    def __init__(self, origin: str, token: str | None = None, found: messages.Session | None = None) -> None:
        self.origin = origin
        self.is_new = found is None
        self._load(token, found)

    def _load(self, token: str | None, stored: messages.Session | None) -> None:
        self.token = token
        self._stored = stored or messages.Session()
        self._data = SessionData(self._stored.data)
        self._flash = FlashMessages(queue.name for queue in self._stored.flash_queues)
        # Not saved yet: the field of the request, and the subject. Empty and None: unchanged.
        self._idle_timeout: dict[str, Any] = {}
        self._subject: str | None = None

    @property
    def handle(self) -> str | None:
        """The session's public id, which is safe to log. regenerate() keeps it. None unless the session is stored."""
        return self._stored.handle or None

    @property
    def version(self) -> int:
        """The session's version, as last reported by the sidecar. Every change by any client increments it. 0 unless stored."""
        return self._stored.version

    @property
    def created(self) -> datetime | None:
        """When the session was created, in UTC. None unless the session is stored."""
        return self._time("created")

    @property
    def expires(self) -> datetime | None:
        """When the session expires if it is not used again, in UTC, as last reported by the sidecar.

        None if the session never expires or is not stored.
        """
        return self._time("expires")

    @property
    def subject(self) -> str | None:
        """The owner of the session, for example a user id, as assigned even if that is not saved yet. None: no owner.

        save() stores an assignment.
        """
        return (self._stored.subject if self._subject is None else self._subject) or None

    @subject.setter
    def subject(self, subject: str | None) -> None:
        self._subject = subject or ""

    def set_idle_timeout(self, timeout: timedelta | None) -> None:
        """Set how long this session lives without being used: 1 second to 10 years; None: no limit.

        save() stores it, but does not create a session for it alone. For any other timeout, save() raises INVALID_ARGUMENT.
        """
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
        """Return the value at a key. If the key does not exist, set it to default first.

        If another request stores a value for the key before save(), that value stays, and the key has it after save().
        """
        if key not in self:
            self._data.set(key, default, "set_if_absent")
        return self[key]

    def popitem(self) -> tuple[str, Any]:
        """Remove the last key and return it with its value. Raises KeyError if the session is empty."""
        if not self:
            raise KeyError("The session is empty.")
        key = list(self)[-1]
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove all keys, including those that other requests add before save(). Keeps messages, CSRF token and subject."""
        self._data.clear(self.token is not None)

    @property
    def has_changes(self) -> bool:
        """Whether save() has anything to send."""
        if self._flash.has_changes or self._data.mutations():
            return True
        return bool(self.subject) if self.token is None else self._subject is not None or bool(self._idle_timeout)

    def flash(self, message: Any, queue: str = "", allow_duplicate: bool = True) -> None:
        """Add a message for a later page, usually the one after a redirect. save() stores it.

        queue: the name of the queue, up to 256 bytes of UTF-8 without control characters. Default: the empty string.
        allow_duplicate: whether to add the message even if the queue already has an equal one. Default: True.

        Raises TypeError if JSON cannot hold the message, and ValueError if the name is invalid.
        """
        self._flash.push(message, queue, allow_duplicate)

    @property
    def flash_queues(self) -> tuple[str, ...]:
        """The names of the queues that have messages, as far as this object knows, unsaved ones included."""
        return self._flash.queues

    def check_csrf_token(self, token: str | None) -> bool:
        """Compare a token with the CSRF token as loaded, in constant time. False unless the session is stored."""
        given = (token or "").encode("utf-8", "surrogatepass")
        return bool(given) and self.token is not None and hmac.compare_digest(given, self._stored.csrf_token.encode())

    def _saving(self) -> Plan[None]:
        if not self.has_changes:
            return
        if self.token is None:
            yield from self._creating()
            return
        mutations = self._mutations()
        request = api.UpdateSessionRequest(token=self.token, mutations=mutations, subject=self._subject, **self._idle_timeout)
        response = yield CallStep("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._settle(mutations, response)
        self._idle_timeout = {}

    def _creating(self) -> Plan[None]:
        request = api.CreateSessionRequest(mutations=self._mutations(), subject=self.subject, **self._idle_timeout)
        response = yield CallStep("CreateSession", request)
        check_results("CreateSession", request.mutations, response)
        check_session("CreateSession", response)
        check_token("CreateSession", response)
        data = self._data
        data.settle(list(request.mutations), response.results)
        self._load(response.token, response.session)
        self._data = data  # The application may hold values and change them in place.

    def _regenerating(self) -> Plan[None]:
        if self.token is None:
            return
        if self._idle_timeout:
            # RegenerateSession has no idle timeout. It is saved first: if saving failed after the token was replaced, the visitor
            # would not get the new token.
            yield from self._saving()
        mutations = self._mutations()
        request = api.RegenerateSessionRequest(token=self.token, mutations=mutations, subject=self._subject)
        response = yield CallStep("RegenerateSession", request)
        check_results("RegenerateSession", request.mutations, response)
        check_token("RegenerateSession", response)
        self.token = response.token
        self._stored.csrf_token = response.csrf_token
        self._settle(mutations, response)

    def _invalidating(self) -> Plan[None]:
        if self.token is not None:
            yield CallStep("InvalidateSession", api.InvalidateSessionRequest(token=self.token))
            self.is_new = True
        self._load(None, None)

    def _transforming(self, key: str, change: Callable[[Any], Any]) -> Plan[Any]:
        if self.token is None or self._data.is_changed(key):
            self[key] = change(self.get(key))
            if self.token is not None:
                yield from self._saving()
            return self[key]
        for attempt in range(1, _MAX_TRANSFORM_ATTEMPTS + 1):
            try:
                return (yield from self._transforming_once(key, change))
            except SessionError as error:
                if error.code != "VERSION_MISMATCH" or attempt == _MAX_TRANSFORM_ATTEMPTS:
                    raise
            # A random pause keeps requests that lost the same race from meeting in the next one.
            yield PauseStep(random.random() * min(attempt, 20) / 1000)

    def _transforming_once(self, key: str, change: Callable[[Any], Any]) -> Plan[Any]:
        response = yield CallStep("GetSession", api.GetSessionRequest(token=self.token))
        check_session("GetSession", response)
        current = response.session
        before = decode(current.data[key], repr(key)) if key in current.data else None
        text = encode(change(before), repr(key))
        mutation = messages.Mutation(set={"key": key, "value": text})
        request = api.UpdateSessionRequest(token=self.token, mutations=[mutation], if_version=current.version)
        response = yield CallStep("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._data.adopt(key, text)
        self._update(response)
        return self[key]

    def _peeking(self, queue: str) -> Plan[list[Any]]:
        waiting = yield from self._waiting("PeekFlash", api.PeekFlashRequest(token=self.token, queue=queue))
        return self._flash.read(queue, waiting)

    def _popping(self, queue: str) -> Plan[list[Any]]:
        waiting = yield from self._waiting("PopFlash", api.PopFlashRequest(token=self.token, queue=queue))
        popped = self._flash.read(queue, waiting)
        self._flash.forget(queue)
        return popped

    def _waiting(self, method: str, request: Any) -> Plan[Sequence[bytes]]:
        if self.token is None or not self._flash.is_waiting(request.queue):
            return []
        waiting: Sequence[bytes] = (yield CallStep(method, request)).messages
        return waiting

    def _getting_csrf_token(self) -> Plan[str]:
        if self.token is None:
            yield from self._creating()
        return self._stored.csrf_token

    def _replacing_csrf_token(self) -> Plan[str]:
        if self.token is not None:
            response = yield CallStep("NewCsrfToken", api.NewCsrfTokenRequest(token=self.token))
            self._stored.csrf_token = response.csrf_token
        return (yield from self._getting_csrf_token())

    def _mutations(self) -> list[messages.Mutation]:
        mutations = self._data.mutations()
        self._data.mark_maybe_stored(mutations)
        return mutations + self._flash.mutations()

    def _settle(self, mutations: list[messages.Mutation], response: Any) -> None:
        flash_count = len(self._flash.mutations())
        self._data.settle(mutations, response.results)
        self._flash.settle(response.results[len(mutations) - flash_count :])
        if self._subject is not None:
            self._stored.subject, self._subject = self._subject, None
        self._update(response)

    def _update(self, response: Any) -> None:
        self._stored.version = response.version
        self._stored.ClearField("expires")
        if response.HasField("expires"):
            self._stored.expires.CopyFrom(response.expires)

    def _time(self, field: str) -> datetime | None:
        return getattr(self._stored, field).ToDatetime(timezone.utc) if self._stored.HasField(field) else None
