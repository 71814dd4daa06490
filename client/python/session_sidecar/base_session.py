"""What Session and AsyncSession have in common: everything but making calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from session_sidecar_proto.session.v1 import session_pb2 as messages
from session_sidecar_proto.session.v1 import session_service_pb2 as api

from .errors import SessionError
from .flash_messages import as_mutations
from .idle_timeout import IdleTimeout
from .plans import CallStep, Plan
from .replies import check_results, check_session, check_token
from .session_facts import SessionFacts
from .transforming import transforming


class _Changes(NamedTuple):
    """Changes to keys and messages.

    settle: to be called with the results of the mutations.
    """

    mutations: list[messages.Mutation]
    settle: Callable[[Any], None]


class BaseSession(SessionFacts):
    """The session of one request. Subclasses add the methods that call the sidecar, and run the plans of this class."""

    def _saving(self) -> Plan[None]:
        yield from self._storing(self._changes())

    def _storing(self, changes: _Changes) -> Plan[None]:
        if not self._is_worth_storing(changes):
            return
        if self._is_stored:
            yield from self._updating(changes)
        else:
            yield from self._creating(changes)

    def _updating(self, changes: _Changes, first: Sequence[messages.Mutation] = ()) -> Plan[Any]:
        """Send changes after the first mutations, in one step, and return the results of those."""
        mutations, settle = changes
        timeout = IdleTimeout.fields(self._idle_timeout)
        request = api.UpdateSessionRequest(token=self.token, mutations=[*first, *mutations], subject=self._subject, **timeout)
        response = yield CallStep("UpdateSession", request)
        check_results("UpdateSession", request.mutations, response)
        settle(response.results[len(first) :])
        self._settle_idle_timeout()
        self._update(response)
        return response.results[: len(first)]

    def _creating(self, changes: _Changes) -> Plan[None]:
        mutations, settle = changes
        timeout = IdleTimeout.fields(self._idle_timeout)
        request = api.CreateSessionRequest(mutations=mutations, subject=self.subject, id=self._id, **timeout)
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

    def _regenerating(self, or_create: bool) -> Plan[None]:
        if not self._is_stored:
            return
        try:
            yield from self._replacing_token()
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
        self._idle_timeout, self._subject = before["_idle_timeout"], before["_subject"]
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

    def _replacing_token(self) -> Plan[None]:
        if self._idle_timeout is not None:
            # RegenerateSession has no idle timeout. It is saved first: if saving failed after the token was replaced, the visitor
            # would not get the new token.
            timeout = IdleTimeout.fields(self._idle_timeout)
            response = yield CallStep("UpdateSession", api.UpdateSessionRequest(token=self.token, **timeout))
            check_results("UpdateSession", (), response)
            self._settle_idle_timeout()
            self._update(response)
        mutations, settle = self._changes()
        request = api.RegenerateSessionRequest(token=self.token, mutations=mutations, subject=self._subject)
        response = yield CallStep("RegenerateSession", request)
        check_results("RegenerateSession", request.mutations, response)
        check_token("RegenerateSession", response)
        self.token = response.token
        self._stored.csrf_token = response.csrf_token
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

        text, response = yield from transforming(self.token, key, change_text)
        self._data.adopt(key, text)
        self._update(response)
        return self[key]

    def _peeking(self, queue: str) -> Plan[list[Any]]:
        waiting = yield from self._waiting("PeekFlash", api.PeekFlashRequest, queue)
        return self._flash.read(queue, waiting)

    def _popping(self, queue: str) -> Plan[list[Any]]:
        waiting = yield from self._waiting("PopFlash", api.PopFlashRequest, queue)
        return self._flash.take(queue, waiting)

    def _popping_and_saving(self, queue: str) -> Plan[list[Any]]:
        changes = self._changes(popped=queue)
        if self._is_stored and self._flash.is_waiting(queue) and self._is_worth_storing(changes):
            pop = messages.Mutation(pop_flash={"queue": queue})
            try:
                results = yield from self._updating(changes, [pop])
            except SessionError as error:
                # So does an older sidecar answer, which cannot pop in an update.
                if error.code != "INVALID_ARGUMENT":
                    raise
            else:
                return self._flash.take(queue, results[0].messages)
        yield from self._storing(changes)
        return (yield from self._popping(queue))

    def _waiting(self, method: str, request: Any, queue: str) -> Plan[Sequence[bytes]]:
        if not self._is_stored or not self._flash.is_waiting(queue):
            return []
        waiting: Sequence[bytes] = (yield CallStep(method, request(token=self.token, queue=queue))).messages
        return waiting

    def _getting_csrf_token(self) -> Plan[str]:
        if not self._is_stored:
            yield from self._creating(self._changes())
        return str(self._stored.csrf_token)

    def _replacing_csrf_token(self) -> Plan[str]:
        if self._is_stored:
            response = yield CallStep("NewCsrfToken", api.NewCsrfTokenRequest(token=self.token))
            self._stored.csrf_token = response.csrf_token
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

        return _Changes(mutations + as_mutations(pushes), settle)

    def _settle_idle_timeout(self) -> None:
        if self._idle_timeout is not None:
            self._idle_timeout.store(self._stored)
            self._idle_timeout = None

    def _update(self, response: Any) -> None:
        self._stored.version = response.version
        self._stored.ClearField("expires")
        if response.HasField("expires"):
            self._stored.expires.CopyFrom(response.expires)
