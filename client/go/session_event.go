package sidecar

import (
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// SessionEvent says that a session began, got a new token or ended, or that someone tried to use it with a token that was replaced.
type SessionEvent struct {
	Type   EventType
	Reason EventReason
	// Handle is the public id of the session, as Session.Handle returns it.
	Handle string
	// Subject is who the session belonged to after a creation or a new token, before an end, and while a replaced token was used.
	// Empty: no subject.
	Subject string
	// Time is when the event was recorded, by the store's clock.
	Time time.Time
	// Version is the session's version, as for Subject; 0 for sessions that expired.
	Version int64
	// Cursor, as WatchOptions.After, goes on after this event. It is opaque, and valid for SESSION_SIDECAR_EVENT_RETENTION.
	Cursor string
}

// EventType is what happened to a session.
type EventType string

// The types of a SessionEvent.
const (
	EventCreated EventType = "created"
	// EventRegenerated: the session got a new token.
	EventRegenerated EventType = "regenerated"
	// EventInvalidated: the application ended the session.
	EventInvalidated EventType = "invalidated"
	// EventExpired: the session reached the end of its idle timeout or its maximum lifetime.
	EventExpired EventType = "expired"
	// EventRevoked: the session ended together with others of its subject, or an operator ended it.
	EventRevoked EventType = "revoked"
	// EventReplacedTokenUsed: someone tried to use the session with the token that was replaced last, after the grace of that token.
	EventReplacedTokenUsed EventType = "replaced_token_used"
)

// EventReason is why an event happened.
type EventReason string

// The reasons of a SessionEvent.
const (
	// ReasonCall: a call for this session.
	ReasonCall        EventReason = "call"
	ReasonIdleTimeout EventReason = "idle_timeout"
	ReasonMaxLifetime EventReason = "max_lifetime"
	// ReasonSubject: a call for the subject of the session.
	ReasonSubject EventReason = "subject"
	// ReasonLimit: the subject needed room for another session.
	ReasonLimit EventReason = "limit"
	// ReasonAge: an operator ended sessions by their age or their last use.
	ReasonAge EventReason = "age"
	// ReasonSigningKey: an operator ended sessions by the key that signed their tokens.
	ReasonSigningKey EventReason = "signing_key"
	// ReasonUnknown: one that only later versions know.
	ReasonUnknown EventReason = "unknown"
)

var eventTypes = map[sessionv1.SessionEventType]EventType{
	sessionv1.SessionEventType_SESSION_EVENT_TYPE_CREATED:             EventCreated,
	sessionv1.SessionEventType_SESSION_EVENT_TYPE_REGENERATED:         EventRegenerated,
	sessionv1.SessionEventType_SESSION_EVENT_TYPE_INVALIDATED:         EventInvalidated,
	sessionv1.SessionEventType_SESSION_EVENT_TYPE_EXPIRED:             EventExpired,
	sessionv1.SessionEventType_SESSION_EVENT_TYPE_REVOKED:             EventRevoked,
	sessionv1.SessionEventType_SESSION_EVENT_TYPE_REPLACED_TOKEN_USED: EventReplacedTokenUsed,
}

var eventReasons = map[sessionv1.SessionEventReason]EventReason{
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_CALL:         ReasonCall,
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_IDLE_TIMEOUT: ReasonIdleTimeout,
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_MAX_LIFETIME: ReasonMaxLifetime,
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_SUBJECT:      ReasonSubject,
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_LIMIT:        ReasonLimit,
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_AGE:          ReasonAge,
	sessionv1.SessionEventReason_SESSION_EVENT_REASON_SIGNING_KEY:  ReasonSigningKey,
}

// toSessionEvent returns false without an event, and for a type that only later versions know.
func toSessionEvent(response *sessionv1.WatchSessionsResponse) (SessionEvent, bool) {
	event := response.GetEvent()
	kind, known := eventTypes[event.GetType()]
	if !known {
		return SessionEvent{}, false
	}
	reason, known := eventReasons[event.GetReason()]
	if !known {
		reason = ReasonUnknown
	}
	return SessionEvent{
		Type: kind, Reason: reason, Handle: event.GetHandle(), Subject: event.GetSubject(), Time: event.GetTime().AsTime(),
		Version: event.GetVersion(), Cursor: response.GetCursor(),
	}, true
}
