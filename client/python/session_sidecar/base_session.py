"""What Session and AsyncSession have in common: everything but making calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from google.protobuf.duration_pb2 import Duration
from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .errors import SessionError
from .flash_messages import as_mutations
from .idle_timeout import IdleTimeout
from .leases import duration_of
from .plans import CallStep, Plan
from .replies import check_results, check_session, check_token
from .session_facts import SessionFacts
from .transforming import transforming

OnConflict = Literal["merge", "fail"]


class _Changes(NamedTuple):
    """Changes to keys and messages.

    settle: to be called with the results of the mutations.
    """

    mutations: list[messages.Mutation]
    settle: Callable[[Any], None]


class BaseSession(SessionFacts):
    """The session of one request. Subclasses add the methods that call the sidecar, and run the plans of this class."""

    def _saving(self, on_conflict: OnConflict = "merge") -> Plan[None]:
        if on_conflict not in ("merge", "fail"):
            raise ValueError(f'Expected on_conflict to be "merge" or "fail", got {on_conflict!r}')
        yield from self._storing(self._changes(), if_version=self._loaded_version if on_conflict == "fail" else None)

    def _storing(self, changes: _Changes, if_version: int | None = None) -> Plan[None]:
        if not self._is_worth_storing(changes):
            return
        if self._is_stored:
            yield from self._updating(changes, if_version=if_version)
        else:
            yield from self._creating(changes)

    def _updating(
        self, changes: _Changes, first: Sequence[messages.Mutation] = (), if_version: int | None = None
    ) -> Plan[Any]:
        """Send changes after the first mutations, in one step, and return the results of those."""
        mutations, settle = changes
        terms = {"subject": self._subject, "label": self._label, **IdleTimeout.fields(self._idle_timeout)}
        request = api.UpdateSessionRequest(
            token=self.token, mutations=[*first, *mutations], if_version=if_version, fence=self._fence, **terms
        )
        is_changed = self._has_changed_facts()
        response = yield CallStep("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        settle(response.results[len(first) :])
        self._changed(response.version, is_changed or any(result.applied for result in response.results))
        self._settle_idle_timeout()
        self._update(response)
        return response.results[: len(first)]

    def _creating(self, changes: _Changes) -> Plan[None]:
        mutations, settle = changes
        terms = {"subject": self.subject, "label": self.label, **IdleTimeout.fields(self._idle_timeout)}
        request = api.CreateSessionRequest(mutations=mutations, id=self._id, **terms)
        response = yield CallStep("CreateSession", request)
        check_results("CreateSession", request.mutations, response)
        check_session("CreateSession", response)
        check_token("CreateSession", response)
        settle(response.results)
        # The application may hold values and change them in place, so the data stays. So do unsaved messages.
        data, flash = self._data, self._flash
        self._load(response.token, response.session)
        self._data, self._flash = data, flash
        self._id = None

    def _regenerating(self, or_create: bool, grace: float | None) -> Plan[None]:
        duration = None if grace is None else duration_of(grace, "the grace")
        if not self._is_stored:
            return
        try:
            yield from self._replacing_token(duration)
        except SessionError as error:
            if not or_create or error.code != "SESSION_NOT_FOUND" or not (yield from self._creating_from_writes()):
                raise

    def _creating_from_writes(self) -> Plan[bool]:
        """Go on with a new session that has what was set and not saved. Returns whether there is anything.

        If there is not, or if this fails, everything is as before.
        """
        before = vars(self).copy()
        self._load(None, None)
        self._data, self._flash = before["_data"].written(), before["_flash"].written()
        self._idle_timeout, self._subject, self._label = (before[name] for name in ("_idle_timeout", "_subject", "_label"))
        self.is_new = True
        is_created = False
        try:
            changes = self._changes()
            if self._is_worth_storing(changes):
                yield from self._creating(changes)
                is_created = True
        finally:
            if not is_created:
                vars(self).update(before)
        return is_created

    def _replacing_token(self, grace: Duration | None) -> Plan[None]:
        if self._idle_timeout is not None:
            # RegenerateSession has no idle timeout. It is saved first: if saving failed after the token was replaced, the visitor
            # would not get the new token.
            timeout = IdleTimeout.fields(self._idle_timeout)
            saving = api.UpdateSessionRequest(token=self.token, fence=self._fence, **timeout)
            response = yield CallStep("UpdateSession", saving)
            check_results("UpdateSession", (), response)
            self._changed(response.version, True)
            self._settle_idle_timeout()
            self._update(response)
        mutations, settle = self._changes()
        request = api.RegenerateSessionRequest(
            token=self.token, mutations=mutations, subject=self._subject, label=self._label, grace=grace, fence=self._fence
        )
        response = yield CallStep("RegenerateSession", request)
        check_results("RegenerateSession", request.mutations, response)
        check_token("RegenerateSession", response)
        self.token = response.token
        self._stored.csrf_token = response.csrf_token
        self._changed(response.version, True)
        settle(response.results)
        self._update(response)

    def _invalidating(self) -> Plan[None]:
        if self._is_stored:
            yield CallStep("InvalidateSession", api.InvalidateSessionRequest(token=self.token))
            self.is_new = True
            self._was_invalidated = True
        self._load(None, None)

    def _transforming(self, key: str, change: Callable[[Any], Any]) -> Plan[Any]:
        if not self._is_stored or self._data.is_changed(key):
            self[key] = change(self.get(key))
            if self._is_stored:
                yield from self._saving()
            return self[key]

        def change_text(text: bytes | None) -> bytes:
            before = None if text is None else self._codec.decode(text, repr(key))
            return self._codec.encode(change(before), repr(key))

        text, response = yield from transforming(self.token, key, change_text, self._fence)
        self._changed(response.version, True)
        self._data.adopt(key, text)
        self._update(response)
        return self[key]

    def _peeking(self, queue: str) -> Plan[list[Any]]:
        if not self._is_stored or not self._flash.is_waiting(queue):
            return self._flash.read(queue, [])
        response = yield CallStep("PeekFlash", api.PeekFlashRequest(token=self.token, queue=queue))
        return self._flash.read(queue, response.messages)

    def _popping(self, queue: str) -> Plan[list[Any]]:
        waiting = yield from self._popping_stored(queue)
        return self._flash.take(queue, waiting)

    def _popping_stored(self, queue: str) -> Plan[Sequence[bytes]]:
        if not self._is_stored or not self._flash.is_waiting(queue):
            return []
        if self._fence is not None:
            return (yield from self._popping_under_lease(queue))
        response = yield CallStep("PopFlash", api.PopFlashRequest(token=self.token, queue=queue))
        self._changed(response.version, len(response.messages) > 0)
        self._stored.version = response.version or self._stored.version
        waiting: Sequence[bytes] = response.messages
        return waiting

    def _popping_under_lease(self, queue: str) -> Plan[Sequence[bytes]]:
        request = api.UpdateSessionRequest(token=self.token, mutations=[_pop_of(queue)], fence=self._fence)
        response = yield CallStep("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        self._changed(response.version, response.results[0].applied)
        self._update(response)
        waiting: Sequence[bytes] = response.results[0].messages
        return waiting

    def _popping_and_saving(self, queue: str) -> Plan[list[Any]]:
        changes = self._changes(popped=queue)
        if self._is_stored and self._flash.is_waiting(queue) and self._is_worth_storing(changes):
            try:
                results = yield from self._updating(changes, [_pop_of(queue)])
            except SessionError as error:
                # So does an older sidecar answer, which cannot pop in an update.
                if error.code != "INVALID_ARGUMENT":
                    raise
            else:
                return self._flash.take(queue, results[0].messages)
        yield from self._storing(changes)
        return (yield from self._popping(queue))

    def _getting_csrf_token(self) -> Plan[str]:
        if not self._is_stored:
            yield from self._creating(self._changes())
        return str(self._stored.csrf_token)

    def _replacing_csrf_token(self) -> Plan[str]:
        if self._is_stored:
            response = yield CallStep("NewCsrfToken", api.NewCsrfTokenRequest(token=self.token))
            self._stored.csrf_token = response.csrf_token
            self._changed(response.version, True)
            self._stored.version = response.version or self._stored.version
        return (yield from self._getting_csrf_token())

    def _is_worth_storing(self, changes: _Changes) -> bool:
        return bool(changes.mutations) or self._has_changed_facts()

    def _changes(self, popped: str | None = None) -> _Changes:
        """Return all changes to keys and messages. Compares values with what is stored, which takes time, so save() does it once.

        popped: a flash queue whose unsaved messages are not sent.
        """
        mutations = self._data.mutations()
        self._data.mark_maybe_stored(mutations)
        pushes = self._flash.pending(popped)

        def settle(results: Any) -> None:
            self._data.settle(mutations, results[: len(mutations)])
            self._flash.settle(pushes, results[len(mutations) :])
            if self._subject is not None:
                self._stored.subject, self._subject = self._subject, None
            if self._label is not None:
                self._stored.label, self._label = self._label, None

        return _Changes(mutations + as_mutations(pushes), settle)

    def _changed(self, version: int, has_applied: bool) -> None:
        """Record at which version a call of this object has left the session: one more than before, if it changed anything."""
        if version - has_applied == self._loaded_version:
            self._loaded_version = version

    def _settle_idle_timeout(self) -> None:
        if self._idle_timeout is not None:
            self._idle_timeout.store(self._stored)
            self._idle_timeout = None

    def _update(self, response: Any) -> None:
        self._stored.version = response.version
        self._stored.ClearField("expires")
        if response.HasField("expires"):
            self._stored.expires.CopyFrom(response.expires)


def _pop_of(queue: str) -> messages.Mutation:
    return messages.Mutation(pop_flash={"queue": queue})
