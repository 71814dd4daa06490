"""The flash queue that holds the messages of django.contrib.messages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from session_sidecar_proto.session.v1 import session_service_pb2 as api
from session_sidecar_proto.session.v1.session_pb2 import Mutation

from ..errors import SessionError
from ..plans import CallStep, Plan
from ..replies import check_results
from .calls import is_gone

# Also the key that Django's own storage uses in a session. Applications in other languages may add messages to it.
QUEUE = "_messages"


class MessageQueue:
    """The encoded messages of one session.

    Adding one and taking all of them are single steps in the sidecar, so of parallel requests none loses or repeats a message.

    waiting: the number of messages in the sidecar when the session was loaded.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._unsaved: list[bytes] = []

    @property
    def has_unsaved(self) -> bool:
        return bool(self._unsaved)

    def load(self, session: Any = None) -> None:
        """Take over what is known of a session as loaded. None: there is no session. Unsaved messages stay."""
        queues = () if session is None else session.flash_queues
        self.waiting = sum(max(queue.message_count, 1) for queue in queues if queue.name == QUEUE)

    def push(self, texts: Iterable[bytes]) -> None:
        """Add messages that are stored when the session is saved."""
        self._unsaved.extend(texts)

    def mutations(self) -> list[Mutation]:
        """Return the mutations that store the unsaved messages."""
        return _pushes(self._unsaved)

    def settle(self, mutations: list[Mutation]) -> None:
        """Record that these were applied."""
        del self._unsaved[: len(mutations)]

    def peeking(self, token: str | None) -> Plan[list[bytes]]:
        """Return the messages that wait. Makes a call only if there were any when the session was loaded."""
        return (yield from self._reading("PeekFlash", api.PeekFlashRequest(token=token, queue=QUEUE)))

    def popping(self, token: str | None) -> Plan[list[bytes]]:
        """As peeking(), and remove them: no other request gets them."""
        texts = yield from self._reading("PopFlash", api.PopFlashRequest(token=token, queue=QUEUE))
        self.waiting = 0
        return texts

    def returning(self, token: str | None, texts: list[bytes]) -> Plan[None]:
        """Put messages back that were popped. Does nothing if the session has ended meanwhile."""
        request = api.UpdateSessionRequest(token=token, mutations=_pushes(texts))
        try:
            response = yield CallStep("UpdateSession", request)
        except SessionError as error:
            if not is_gone(error):
                raise
        else:
            check_results("UpdateSession", request.mutations, response)

    def _reading(self, method: str, request: Any) -> Plan[list[bytes]]:
        if not request.token or not self.waiting:
            return []
        try:
            response = yield CallStep(method, request)
        except SessionError as error:
            if is_gone(error):
                return []
            raise
        return list(response.messages)


def _pushes(texts: Iterable[bytes]) -> list[Mutation]:
    return [Mutation(push_flash={"queue": QUEUE, "message": text}) for text in texts]
