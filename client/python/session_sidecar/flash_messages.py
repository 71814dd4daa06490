"""A session's flash messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation, MutationResult, PushFlash

from .codec import decode, encode
from .names import check_name


class FlashMessages:
    """The unsaved messages of a session.

    waiting: the queues with stored messages.
    """

    def __init__(self, waiting: Iterable[str]) -> None:
        # The queues with stored messages, as far as is known.
        self._waiting = set(waiting)
        self._pending: list[PushFlash] = []

    @property
    def has_changes(self) -> bool:
        return bool(self._pending)

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues with stored or unsaved messages."""
        return tuple(dict.fromkeys([*self._waiting, *(push.queue for push in self._pending)]))

    def push(self, message: Any, queue: str, allow_duplicate: bool) -> None:
        check_name(queue, "the name of the queue", min_bytes=0)
        text = encode(message, "the message")
        self._pending.append(PushFlash(queue=queue, message=text, unless_present=not allow_duplicate))

    def is_waiting(self, queue: str) -> bool:
        """Return whether a queue has stored messages, as far as is known."""
        return queue in self._waiting

    def read(self, queue: str, waiting: Iterable[bytes]) -> list[Any]:
        """Return the messages of a queue, first those that the sidecar returned, then the unsaved ones."""
        texts = list(waiting)
        for push in self._pending:
            if push.queue == queue and not (push.unless_present and push.message in texts):
                texts.append(push.message)
        return [decode(text, "the message") for text in texts]

    def forget(self, queue: str) -> None:
        """Record that the messages of a queue were popped."""
        self._waiting.discard(queue)
        self._pending = [push for push in self._pending if push.queue != queue]

    def mutations(self) -> list[Mutation]:
        return [Mutation(push_flash=push) for push in self._pending]

    def settle(self, results: Sequence[MutationResult]) -> None:
        """Record that the sidecar has applied the mutations, with these results."""
        self._waiting.update(push.queue for push, result in zip(self._pending, results, strict=True) if result.applied)
        self._pending = []
