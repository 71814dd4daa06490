"""What a watcher is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from session_sidecar_proto.session.v1 import session_events_pb2 as api

EventType = Literal["created", "regenerated", "invalidated", "expired", "revoked", "replaced_token_used"]
EventReason = Literal["call", "idle_timeout", "max_lifetime", "subject", "limit", "age", "signing_key", "unknown"]

_TYPES: dict[int, EventType] = {
    api.SESSION_EVENT_TYPE_CREATED: "created",
    api.SESSION_EVENT_TYPE_REGENERATED: "regenerated",
    api.SESSION_EVENT_TYPE_INVALIDATED: "invalidated",
    api.SESSION_EVENT_TYPE_EXPIRED: "expired",
    api.SESSION_EVENT_TYPE_REVOKED: "revoked",
    api.SESSION_EVENT_TYPE_REPLACED_TOKEN_USED: "replaced_token_used",
}
_REASONS: dict[int, EventReason] = {
    api.SESSION_EVENT_REASON_CALL: "call",
    api.SESSION_EVENT_REASON_IDLE_TIMEOUT: "idle_timeout",
    api.SESSION_EVENT_REASON_MAX_LIFETIME: "max_lifetime",
    api.SESSION_EVENT_REASON_SUBJECT: "subject",
    api.SESSION_EVENT_REASON_LIMIT: "limit",
    api.SESSION_EVENT_REASON_AGE: "age",
    api.SESSION_EVENT_REASON_SIGNING_KEY: "signing_key",
}


@dataclass(frozen=True)
class SessionEvent:
    """A session began, got a new token or ended, or someone tried to use it with a token that was replaced.

    type: "created"; "regenerated": it got a new token; "invalidated": the application ended it; "expired": it reached the end of
        its idle timeout or its maximum lifetime; "revoked": it was ended by way of its subject, or by an operator;
        "replaced_token_used": someone tried to use it with the token that was replaced last, after the grace of that token.
    reason: "call": a call for this session; "subject": one for its subject; "limit": its subject needed room for another session;
        "age" and "signing_key": what an operator selected sessions by; or which limit a session that expired has reached.
    handle: the public id of the session, as Session.handle.
    subject: who the session belonged to after a creation or a new token, before an end, and while a replaced token was used.
        None: no subject.
    time: when the event was recorded, by the store's clock, in UTC.
    version: the session's version, as for the subject. None for sessions that expired.
    cursor: as the argument `after` of watch(), it goes on after this event. Opaque; valid for SESSION_SIDECAR_EVENT_RETENTION.
    """

    type: EventType
    reason: EventReason
    handle: str
    subject: str | None
    time: datetime
    version: int | None
    cursor: str


def to_session_event(response: Any) -> SessionEvent | None:
    """Return the event of a WatchSessionsResponse. None without one, and for a type that only later versions know."""
    event = response.event
    event_type = _TYPES.get(event.type)
    if event_type is None:
        return None
    return SessionEvent(
        type=event_type,
        reason=_REASONS.get(event.reason, "unknown"),
        handle=event.handle,
        subject=event.subject if event.HasField("subject") else None,
        time=event.time.ToDatetime(tzinfo=timezone.utc),
        version=event.version if event.HasField("version") else None,
        cursor=response.cursor,
    )
