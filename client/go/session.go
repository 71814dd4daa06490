package sidecar

import (
	"fmt"
	"maps"
	"slices"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Origin says what Open found.
type Origin string

const (
	OriginNone         Origin = "none"          // there was no token
	OriginFound        Origin = "found"         // the session of the token
	OriginNotFound     Origin = "not_found"     // the session has expired or was invalidated, or its token was replaced
	OriginTokenInvalid Origin = "token_invalid" // the token was not issued by this deployment
)

// Never is the idle timeout of a session that does not expire by being idle.
const Never time.Duration = -1

// Session is one visitor's session: a dictionary from keys to JSON values, loaded by Open. It belongs to one request and is not safe for
// concurrent use. A key has 1 to 256 bytes of UTF-8 without control characters.
//
// Reads and writes do not call the sidecar. Writes are recorded, and Save sends them as mutations, which the sidecar applies atomically
// to the current content of the session. Parallel requests that write other keys therefore lose nothing. Writes stay recorded until a
// Save succeeds. Methods with a context call the sidecar and fail with an *Error.
type Session struct {
	client *Client
	origin Origin
	isNew  bool
	// id is what the session is created with; empty: none.
	id string
	// unavailable is why the session refuses writes; nil: it does not.
	unavailable error
	// stored is the session as last reported by the sidecar; nil unless it is stored.
	stored *sessionv1.Session
	token  string
	// loadedVersion is the version whose values the session has, apart from what is not saved.
	loadedVersion int64
	// fence is the number of the lease that changes depend on; nil: none.
	fence *int64
	data  sessionData
	flash flashMessages
	// Not saved yet; nil: unchanged.
	idleTimeout *time.Duration
	subject     *string
	label       *string
}

func newSession(client *Client, origin Origin) *Session {
	return &Session{client: client, origin: origin, isNew: true, data: newSessionData(nil), flash: newFlashMessages(nil)}
}

func newSessionWithID(client *Client, origin Origin, id string) *Session {
	session := newSession(client, origin)
	session.id = id
	return session
}

func (s *Session) load(token string, session *sessionv1.Session) {
	s.isNew, s.token, s.stored, s.data, s.flash = false, token, session, newSessionData(session), newFlashMessages(session)
	s.loadedVersion, s.fence = session.GetVersion(), nil
}

// String describes the session for logs, without its token, keys and values.
func (s *Session) String() string {
	state := "new"
	if s.stored != nil {
		state = "stored"
	}
	return fmt.Sprintf("Session(%s, %d keys)", state, s.Len())
}

// GoString is String.
func (s *Session) GoString() string { return s.String() }

// Origin returns what Open found, for logs.
func (s *Session) Origin() Origin { return s.origin }

// IsNew reports whether the visitor came without a session or the session was invalidated since. Saving does not change that.
func (s *Session) IsNew() bool { return s.isNew }

// Token returns the secret that identifies the session in later requests. It is empty unless the session is stored.
func (s *Session) Token() string { return s.token }

// Handle returns the session's public id, which is safe to log. Regenerate keeps it. It is empty unless the session is stored.
func (s *Session) Handle() string { return s.stored.GetHandle() }

// Version returns the session's version as last reported by the sidecar. Every change by any client increments it. It is 0 unless the
// session is stored.
func (s *Session) Version() int64 { return s.stored.GetVersion() }

// Created returns when the session was created. It is the zero time unless the session is stored.
func (s *Session) Created() time.Time { return timeOf(s.stored.GetCreated()) }

// Expires returns when the session expires if it is not used again, as last reported by the sidecar. It is the zero time if the session
// never expires or is not stored.
func (s *Session) Expires() time.Time { return timeOf(s.stored.GetExpires()) }

// Subject returns the owner of the session, or an empty string. It includes a call of SetSubject that is not saved yet.
func (s *Session) Subject() string {
	if s.subject != nil {
		return *s.subject
	}
	return s.stored.GetSubject()
}

// Label returns what describes the session to its owner, or an empty string. It includes a call of SetLabel that is not saved yet.
func (s *Session) Label() string {
	if s.label != nil {
		return *s.label
	}
	return s.stored.GetLabel()
}

// HasChanges reports whether Save has anything to send.
func (s *Session) HasChanges() bool {
	if s.data.hasChanges() || len(s.flash.pending) > 0 {
		return true
	}
	if s.stored == nil {
		return s.Subject() != ""
	}
	return s.subject != nil || s.label != nil || s.idleTimeout != nil
}

// Get decodes the value at a key into the variable that into points to, and reports whether the key exists. It decodes as json.Unmarshal
// does, except that numbers in variables of type any are json.Number, which keeps every digit. The value is a copy: changes to it are
// saved only after Set. Get fails with VALUE_UNREADABLE if the value does not fit the variable.
func (s *Session) Get(key string, into any) (bool, error) {
	text, ok := s.data.values[key]
	if !ok {
		return false, nil
	}
	return true, decodeAt(key, text, into)
}

// Has reports whether a key exists.
func (s *Session) Has(key string) bool {
	_, ok := s.data.values[key]
	return ok
}

// Len returns the number of keys.
func (s *Session) Len() int { return len(s.data.values) }

// Keys returns all keys, sorted.
func (s *Session) Keys() []string { return slices.Sorted(maps.Keys(s.data.values)) }

// Set writes a value. It fails if JSON cannot hold the value, or if the key is invalid.
func (s *Session) Set(key string, value any) error {
	text, err := s.encodeAt(key, value)
	if err == nil {
		s.data.set(key, text)
	}
	return err
}

// SetDefault writes a value unless the key exists. If another request stores a value for the key first, that value stays, and Get
// returns it after Save.
func (s *Session) SetDefault(key string, value any) error {
	text, err := s.encodeAt(key, value)
	if err == nil && !s.Has(key) {
		s.data.setDefault(key, text)
	}
	return err
}

func (s *Session) encodeAt(key string, value any) ([]byte, error) {
	if s.unavailable != nil {
		return nil, s.unavailable
	}
	return encodeAt(key, value)
}

// Delete removes a key and reports whether it existed.
func (s *Session) Delete(key string) bool {
	had := s.Has(key)
	if had {
		s.data.delete(key)
	}
	return had
}

// Pop is like Get, and removes the key unless that fails.
func (s *Session) Pop(key string, into any) (bool, error) {
	found, err := s.Get(key, into)
	if found && err == nil {
		s.data.delete(key)
	}
	return found, err
}

// Clear removes all keys, including those that other requests add before Save. It keeps flash messages, CSRF token and subject.
func (s *Session) Clear() { s.data.clear(s.stored != nil) }

// SetIdleTimeout sets how long this session lives without being used: 1 second to 10 years, or Never. Save stores it, but does not
// create a session for it alone. For any other timeout, Save fails with INVALID_ARGUMENT.
func (s *Session) SetIdleTimeout(timeout time.Duration) { s.idleTimeout = &timeout }

// SetSubject sets the owner of the session, for example a user id. The empty string removes the owner. Save stores it.
func (s *Session) SetSubject(subject string) { s.subject = &subject }

// SetLabel sets what describes the session to its owner in a list of sessions, for example the device and the address: up to 256 bytes of
// UTF-8 without control characters. The empty string removes it. Save stores it, but does not create a session for it alone.
func (s *Session) SetLabel(label string) { s.label = &label }

func timeOf(stamp *timestamppb.Timestamp) time.Time {
	if stamp == nil {
		return time.Time{}
	}
	return stamp.AsTime()
}
