"""A session's flash messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation, MutationResult, PushFlash

from .codec import decode, encode
from .names import check_name


class FlashMessages:
    """The unsaved messages, and the queues that have messages in the sidecar, as far as is known."""

    def __init__(self, waiting: Iterable[str]) -> None:
        self._waiting = set(waiting)
        self._pending: list[PushFlash] = []

    @property
    def has_changes(self) -> bool:
        return bool(self._pending)

    def push(self, message: Any, queue: str, allow_duplicate: bool) -> None:
        check_name(queue, "the name of the queue", min_bytes=0)
        text = encode(message, "the message")
        self._pending.append(PushFlash(queue=queue, message=text, unless_present=not allow_duplicate))

    def is_waiting(self, queue: str) -> bool:
        """Whether the sidecar may have messages in a queue."""
        return queue in self._waiting

    def read(self, queue: str, waiting: Iterable[bytes]) -> list[Any]:
        """The messages of a queue: those from the sidecar, then the unsaved ones."""
        texts = list(waiting)
        for push in self._pending:
            if push.queue == queue and not (push.unless_present and push.message in texts):
                texts.append(push.message)
        return [decode(text, "the message") for text in texts]

    def forget(self, queue: str) -> None:
        """Forgets a queue whose messages were popped."""
        self._waiting.discard(queue)
        self._pending = [push for push in self._pending if push.queue != queue]

    def mutations(self) -> list[Mutation]:
        return [Mutation(push_flash=push) for push in self._pending]

    def settle(self, results: Sequence[MutationResult]) -> None:
        """To be called after the sidecar has applied the mutations, with their results."""
        self._waiting.update(push.queue for push, result in zip(self._pending, results, strict=True) if result.applied)
        self._pending = []
