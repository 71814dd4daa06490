"""The states of kept sessions, as the sidecar reports them or as updates make them."""

from __future__ import annotations

from typing import Any

from session_sidecar_proto.session.v1 import session_pb2 as messages

from .entries import Entry


def session_of(entry: Entry) -> messages.Session:
    """A session that belongs to the caller."""
    session = messages.Session()
    session.ParseFromString(entry.encoded)
    return session


def received(token: str, session: messages.Session, etag: bytes) -> Entry:
    """The session as the sidecar has sent it."""
    return Entry(token, session.version, session.SerializeToString(), etag)


def confirmed(entry: Entry, times: Any) -> Entry:
    """The same state, as the sidecar has confirmed it."""
    session = session_of(entry)
    _copy(times, session, "accessed")
    _copy(times, session, "expires")
    return received(entry.token, session, entry.etag)


def updated(entry: Entry, request: Any, response: Any) -> Entry | None:
    """The state after an update that was applied to this one; None: it is not known."""
    if not response.etag or request.HasField("subject") or request.WhichOneof("idle_expiry") is not None:
        return None
    session = session_of(entry)
    for mutation, result in zip(request.mutations, response.results, strict=True):
        kind = mutation.WhichOneof("kind")
        if kind in ("set", "set_if_absent"):
            write = getattr(mutation, kind)
            if result.applied:
                session.data[write.key] = write.value
        elif kind == "delete":
            session.data.pop(mutation.delete.key, None)
        elif kind == "clear":
            session.data.clear()
        elif kind == "push_flash":
            if result.applied:
                _count_message(session, mutation.push_flash.queue)
        else:
            return None
    session.version = response.version
    _copy(response, session, "expires")
    return received(entry.token, session, response.etag)


def _copy(source: Any, session: messages.Session, field: str) -> None:
    session.ClearField(field)
    if source.HasField(field):
        getattr(session, field).CopyFrom(getattr(source, field))


def _count_message(session: messages.Session, name: str) -> None:
    for queue in session.flash_queues:
        if queue.name == name:
            queue.message_count += 1
            return
    session.flash_queues.add(name=name, message_count=1)
