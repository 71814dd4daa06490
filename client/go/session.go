package sidecar

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Origin says what Open found.
type Origin string

const (
	None         Origin = "none"          // there was no token
	Found        Origin = "found"         // the session of the token
	NotFound     Origin = "not_found"     // the session has expired or was invalidated, or its token was replaced
	TokenInvalid Origin = "token_invalid" // the token was not issued by this deployment
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
	// stored is the session as last reported by the sidecar; nil unless it is stored.
	stored *sessionv1.Session
	token  string
	data   sessionData
	flash  flashMessages
	// Not saved yet; nil: unchanged.
	idleTimeout *time.Duration
	subject     *string
}

func newSession(client *Client, origin Origin) *Session {
	return &Session{client: client, origin: origin, isNew: true, data: newSessionData(nil), flash: newFlashMessages(nil)}
}

func (s *Session) load(token string, session *sessionv1.Session) {
	s.isNew, s.token, s.stored, s.data, s.flash = false, token, session, newSessionData(session), newFlashMessages(session)
}

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

// HasChanges reports whether Save has anything to send.
func (s *Session) HasChanges() bool {
	if s.data.hasChanges() || len(s.flash.pending) > 0 {
		return true
	}
	if s.stored == nil {
		return s.Subject() != ""
	}
	return s.subject != nil || s.idleTimeout != nil
}

// Get decodes the value at a key into the variable that into points to, as json.Unmarshal does, and reports whether the key exists. The
// value is a copy: changes to it are saved only after Set. Get fails with VALUE_UNREADABLE if the value does not fit the variable.
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
	text, err := encodeAt(key, value)
	if err == nil {
		s.data.set(key, text)
	}
	return err
}

// SetDefault writes a value unless the key exists. If another request stores a value for the key first, that value stays, and Get
// returns it after Save.
func (s *Session) SetDefault(key string, value any) error {
	text, err := encodeAt(key, value)
	if err == nil && !s.Has(key) {
		s.data.setDefault(key, text)
	}
	return err
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

// Save stores the changes since the session was loaded or last saved, in one call and one atomic step. It creates the session if it is
// not stored, and does nothing if nothing changed. It fails with SESSION_NOT_FOUND if the session has ended since it was opened.
func (s *Session) Save(ctx context.Context) error {
	if !s.HasChanges() {
		return nil
	}
	if s.stored == nil {
		return s.create(ctx)
	}
	request := &sessionv1.UpdateSessionRequest{Token: s.token, Mutations: s.mutations(), Subject: s.subject}
	switch {
	case s.idleTimeout == nil:
	case *s.idleTimeout == Never:
		request.IdleExpiry = &sessionv1.UpdateSessionRequest_NoIdleTimeout{NoIdleTimeout: true}
	default:
		request.IdleExpiry = &sessionv1.UpdateSessionRequest_IdleTimeout{IdleTimeout: durationpb.New(*s.idleTimeout)}
	}
	response, err := s.client.stub.UpdateSession(ctx, request)
	if err == nil {
		err = checkResults("UpdateSession", request.Mutations, response.GetResults())
	}
	if err == nil {
		s.idleTimeout = nil
		s.settle(response.Version, response.Expires, response.Results)
	}
	return err
}

// create creates the session, even if it has no changes.
func (s *Session) create(ctx context.Context) error {
	request := &sessionv1.CreateSessionRequest{Mutations: s.mutations()}
	if s.Subject() != "" {
		request.Subject = s.subject
	}
	switch {
	case s.idleTimeout == nil:
	case *s.idleTimeout == Never:
		request.IdleExpiry = &sessionv1.CreateSessionRequest_NoIdleTimeout{NoIdleTimeout: true}
	default:
		request.IdleExpiry = &sessionv1.CreateSessionRequest_IdleTimeout{IdleTimeout: durationpb.New(*s.idleTimeout)}
	}
	response, err := s.client.stub.CreateSession(ctx, request)
	if err == nil {
		err = cmp.Or(checkSession("CreateSession", response.GetSession()), checkToken("CreateSession", response.GetToken()))
	}
	if err == nil {
		isNew := s.isNew
		s.load(response.Token, response.Session)
		s.isNew, s.idleTimeout, s.subject = isNew, nil, nil
	}
	return err
}

// Regenerate replaces the token and the CSRF token, and saves, in one atomic step. The old token becomes invalid at once. To prevent
// session fixation, call it whenever the visitor's privileges change, above all at login, after the writes that change them. It has no
// effect on a session that is not stored, which gets a fresh token anyway.
func (s *Session) Regenerate(ctx context.Context) error {
	if s.stored == nil {
		return nil
	}
	if s.idleTimeout != nil {
		// RegenerateSession has no idle timeout. It is saved first: if saving failed after the token was replaced, the visitor would
		// not get the new token.
		if err := s.Save(ctx); err != nil {
			return err
		}
	}
	request := &sessionv1.RegenerateSessionRequest{Token: s.token, Mutations: s.mutations(), Subject: s.subject}
	response, err := s.client.stub.RegenerateSession(ctx, request)
	if err == nil {
		err = cmp.Or(checkResults("RegenerateSession", request.Mutations, response.GetResults()), checkToken("RegenerateSession", response.GetToken()))
	}
	if err == nil {
		s.token, s.stored.CsrfToken = response.Token, response.CsrfToken
		s.settle(response.Version, response.Expires, response.Results)
	}
	return err
}

// Invalidate ends the session at once and discards unsaved changes. Call it at logout. Requests in flight with the old token cannot
// restore the session. The Session can then be used as a new one.
func (s *Session) Invalidate(ctx context.Context) error {
	isNew := s.isNew
	if s.stored != nil {
		if _, err := s.client.stub.InvalidateSession(ctx, &sessionv1.InvalidateSessionRequest{Token: s.token}); err != nil {
			return err
		}
		isNew = true
	}
	*s = *newSession(s.client, s.origin)
	s.isNew = isNew
	return nil
}

func (s *Session) mutations() []*sessionv1.Mutation {
	return append(s.data.mutations(), s.flash.mutations()...)
}

func (s *Session) settle(version int64, expires *timestamppb.Timestamp, results []*sessionv1.MutationResult) {
	s.stored.Version, s.stored.Expires = version, expires
	if s.subject != nil {
		s.stored.Subject, s.subject = s.subject, nil
	}
	flashResults := results[len(results)-len(s.flash.pending):]
	s.data.settle(results)
	s.flash.settle(flashResults)
}

func timeOf(stamp *timestamppb.Timestamp) time.Time {
	if stamp == nil {
		return time.Time{}
	}
	return stamp.AsTime()
}
