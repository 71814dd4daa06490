"""The storage of django.contrib.messages: MESSAGE_STORAGE = "session_sidecar.django.MessageStorage"."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.messages import constants
from django.contrib.messages.storage.base import BaseStorage, Message
from django.contrib.messages.storage.cookie import MessageDecoder, MessageEncoder
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse

from ..errors import SessionError
from .connection import connection
from .contents import suspicious_log
from .store import SessionStore

_logger = logging.getLogger("session_sidecar.django")


class MessageStorage(BaseStorage):  # type: ignore[misc]  # Django has no types.
    """Messages in a flash queue of the session, apart from its keys. Needs SESSION_ENGINE = "session_sidecar.django".

    Everything that Django documents holds. In addition, parallel requests lose no message, and none is shown by two of them:
    messages are added when the session is saved, and removed from it when a page reads them, in one call. A page that reads none,
    and one for which none wait, makes no call for them. As with Django's own storages, messages that were read by a request
    that fails with status 500 or above, or that sets `used` to False afterwards, are kept for a later page.
    """

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        if not isinstance(getattr(request, "session", None), SessionStore):
            raise ImproperlyConfigured(
                "The setting MESSAGE_STORAGE is session_sidecar.django.MessageStorage, which needs SESSION_ENGINE to be "
                "session_sidecar.django, and SessionMiddleware before MessageMiddleware in MIDDLEWARE"
            )
        super().__init__(request, *args, **kwargs)
        # As taken from the session. None: they were not.
        self._popped: list[bytes] | None = None
        # As added to the session. None: the response is not known yet.
        self._stored: list[bytes] | None = None

    def __len__(self) -> int:
        """Return the number of messages, as of when the session was loaded. Makes no further call."""
        is_loaded = hasattr(self, "_loaded_data")
        return len(self._queued_messages) + (len(self._loaded_data) if is_loaded else self._waiting)

    def __iter__(self) -> Iterator[Message]:
        # Once the response is known, what is read can no longer be a part of it, as in tests.
        if self._popped is None and self._stored is None:
            self._popped = connection.run(self._session.message_queue.popping(self._session.session_key))
            self._loaded_data = _decoded(self._popped)
        messages: Iterator[Message] = super().__iter__()
        return messages

    def update(self, response: HttpResponse) -> list[Message]:
        """Store the messages that were added and not read. Those of other requests stay where they are."""
        if response.status_code >= 500:
            self._return_popped()
            # Django saves no session then.
            self._stored = []
            return []
        is_kept = self._popped is not None and not self.used
        messages = [*self._loaded_messages, *self._queued_messages] if is_kept else self._queued_messages
        self._prepare_messages(messages)
        return self._store(messages, response)

    @property
    def _session(self) -> SessionStore:
        # Looked up each time, because an application may replace it, for example by that of another visitor.
        session: SessionStore = self.request.session
        return session

    @property
    def _waiting(self) -> int:
        """The messages of earlier requests. None are left of a session that this request has ended."""
        waiting = self._session.message_queue.waiting
        return waiting if self._session.session_key else 0

    def _get(self, *_: Any, **__: Any) -> tuple[list[Message], bool]:
        texts = connection.run(self._session.message_queue.peeking(self._session.session_key))
        for own in self._stored or ():
            if own in texts:
                texts.remove(own)
        return _decoded(texts), True

    def _store(self, messages: list[Message], response: HttpResponse, *_: Any, **__: Any) -> list[Message]:
        self._stored = [json.dumps(message, cls=MessageEncoder, separators=(",", ":")).encode() for message in messages]
        if self._stored:
            self._session.message_queue.push(self._stored)
            self._session.modified = True
        return []

    def _return_popped(self) -> None:
        if not self._popped:
            return
        try:
            connection.run(self._session.message_queue.returning(self._session.session_key, self._popped))
        except SessionError as error:
            # The visitor is to see the failure that came first.
            _logger.warning("The messages of a request that failed were not put back: %s", error.code)


def _decoded(texts: Iterable[bytes]) -> list[Message]:
    """Return the messages. Those that cannot be read are left out: they were not written by Django."""
    messages = []
    for text in texts:
        try:
            message = json.loads(text, cls=MessageDecoder)
        except Exception as cause:  # Whatever parts of a message raise that are not what Django writes.
            message = cause
        if isinstance(message, str):
            # From an application in another language, which has no levels.
            message = Message(constants.INFO, message)
        if isinstance(message, Message):
            messages.append(message)
        else:
            suspicious_log.warning("A message of a session cannot be read and is ignored")
    return messages
