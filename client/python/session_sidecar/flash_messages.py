"""A session's flash messages."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from session_sidecar_proto.session.v1.session_pb2 import Mutation, MutationResult, PushFlash

from .codecs.json_equality import have_same_value
from .codecs.value_codec import ValueCodec
from .names import check_name


class FlashMessages:
    """The unsaved messages of a session.

    waiting: the queues with stored messages.
    """

    def __init__(self, waiting: Iterable[str], codec: ValueCodec) -> None:
        self._codec = codec
        # The queues with stored messages, as far as is known, in order.
        self._waiting = dict.fromkeys(waiting)
        self._pending: list[PushFlash] = []

    @property
    def queues(self) -> tuple[str, ...]:
        """The queues with stored or unsaved messages."""
        return tuple(self._waiting | dict.fromkeys(push.queue for push in self._pending))

    def push(self, message: Any, queue: str, allow_duplicate: bool) -> None:
        check_name(queue, "the name of the queue", min_bytes=0)
        text = self._codec.encode(message, "the message")
        self._pending.append(PushFlash(queue=queue, message=text, unless_present=not allow_duplicate))

    def written(self) -> FlashMessages:
        """Return the messages of another session: the unsaved ones."""
        messages = FlashMessages((), self._codec)
        messages._pending = self.pending()
        return messages

    def is_waiting(self, queue: str) -> bool:
        """Return whether a queue has stored messages, as far as is known."""
        return queue in self._waiting

    def read(self, queue: str, waiting: Iterable[bytes]) -> list[Any]:
        """Return the messages of a queue, first those that the sidecar returned, then the unsaved ones."""
        texts = list(waiting)
        for push in self._pending:
            is_excluded = push.unless_present and any(have_same_value(text, push.message) for text in texts)
            if push.queue == queue and not is_excluded:
                texts.append(push.message)
        return [self._codec.decode(text, "the message") for text in texts]

    def take(self, queue: str, popped: Iterable[bytes]) -> list[Any]:
        """Return the messages of a queue like read(), and forget them, because they were popped."""
        messages = self.read(queue, popped)
        self._waiting.pop(queue, None)
        self._pending = self.pending(queue)
        return messages

    def pending(self, popped: str | None = None) -> list[PushFlash]:
        """Return the unsaved messages.

        popped: a queue without them. None: all queues have them.
        """
        return [push for push in self._pending if push.queue != popped]

    def settle(self, pushes: Sequence[PushFlash], results: Sequence[MutationResult]) -> None:
        """Record that the sidecar has applied pending messages, with these results."""
        for push, result in zip(pushes, results, strict=True):
            if result.applied:
                self._waiting[push.queue] = None
        settled = set(map(id, pushes))
        self._pending = [push for push in self._pending if id(push) not in settled]


def as_mutations(pushes: Iterable[PushFlash]) -> list[Mutation]:
    return [Mutation(push_flash=push) for push in pushes]
