package sidecar

import (
	"cmp"
	"context"
	"crypto/subtle"
	"maps"
	"slices"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Origin is what Open found.
type Origin string

const (
	None         Origin = "none"          // there was no token
	Found        Origin = "found"         // the session of the token
	NotFound     Origin = "not_found"     // its session has expired, was invalidated, or had its token replaced
	TokenInvalid Origin = "token_invalid" // the token was not issued by this deployment
)

// Never is an idle timeout: the session does not expire by being idle.
const Never time.Duration = -1

// Session is one visitor's session: a dictionary from keys to JSON values, loaded when it was opened. It belongs to one request and
// is not safe for concurrent use. A key has 1 to 256 bytes of UTF-8 without control characters.
//
// Reads and writes do not call the sidecar. Writes are recorded; Save sends only these, as operations that the sidecar applies
// atomically to the session's current content, so parallel requests that write other keys lose nothing. They stay recorded until
// a Save succeeds. Methods with a context call the sidecar, and fail with an *Error.
type Session struct {
	client *Client
	origin Origin
	isNew  bool
	// stored is the session as last reported by the sidecar; nil unless it is stored.
	stored *sessionv1.Session
	token  string
	data   sessionData
	flash  flashMessages
	// Not saved yet.
	idleTimeout *time.Duration
	subject     *string
}

func newSession(client *Client, origin Origin) *Session {
	return &Session{client: client, origin: origin, isNew: true, data: newSessionData(nil), flash: newFlashMessages(nil)}
}

func (s *Session) load(token string, session *sessionv1.Session) {
	s.isNew, s.token, s.stored, s.data, s.flash = false, token, session, newSessionData(session), newFlashMessages(session)
}

// Origin is what Open found, for logs.
func (s *Session) Origin() Origin { return s.origin }

// IsNew reports whether the visitor came without a session, or it was invalidated since. Saving does not change it.
func (s *Session) IsNew() bool { return s.isNew }

// Token is the secret that identifies the session in later requests; empty unless stored.
func (s *Session) Token() string { return s.token }

// Handle is the session's public id, safe to log. Regenerate keeps it. Empty unless stored.
func (s *Session) Handle() string { return s.stored.GetHandle() }

// Version is incremented by every change from any client; as last reported by the sidecar. 0 unless stored.
func (s *Session) Version() int64 { return s.stored.GetVersion() }

// Created is when the session was created; the zero time unless stored.
func (s *Session) Created() time.Time { return timeOf(s.stored.GetCreated()) }

// Expires is when the session expires if it is not used again, as last reported by the sidecar. The zero time: never, or not stored.
func (s *Session) Expires() time.Time { return timeOf(s.stored.GetExpires()) }

// Subject is the owner of the session, including an unsaved SetSubject. Empty: none.
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

// Get decodes the value at a key into the variable that into points to, as json.Unmarshal does, and reports whether there is one. It
// is a copy: to save a change to it, Set it. It fails with VALUE_UNREADABLE if the value does not fit the variable.
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

// Len is the number of keys.
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

// SetDefault writes a value unless the key has one, or another request sets one first: after Save, the key has the value that won.
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

// Pop is Get, and removes the key unless Get fails.
func (s *Session) Pop(key string, into any) (bool, error) {
	found, err := s.Get(key, into)
	if found && err == nil {
		s.data.delete(key)
	}
	return found, err
}

// Clear removes every key, including those that other requests add before Save. It keeps flash messages, CSRF token and subject.
func (s *Session) Clear() { s.data.clear(s.stored != nil) }

// SetIdleTimeout sets how long this session lives without being used, 1 second to 10 years, or Never. It is sent by Save, but does
// not by itself make Save create a session. Save fails with INVALID_ARGUMENT for any other timeout.
func (s *Session) SetIdleTimeout(timeout time.Duration) { s.idleTimeout = &timeout }

// SetSubject sets the owner of the session, for example a user id; empty: none. It is sent by Save.
func (s *Session) SetSubject(subject string) { s.subject = &subject }

// Save stores the changes since the session was loaded or last saved, in one call and one atomic step. It creates the session if it
// is not stored, and does nothing if nothing changed. It fails with SESSION_NOT_FOUND if the session has ended meanwhile.
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

// Regenerate replaces the token and the CSRF token, and saves, in one atomic step. The old token is invalid at once. Call it
// whenever the visitor's privileges change, above all at login, after writing what changes them (OWASP: session fixation). It has
// no effect on a session that is not stored: that gets a fresh token anyway.
func (s *Session) Regenerate(ctx context.Context) error {
	if s.stored == nil {
		return nil
	}
	if s.idleTimeout != nil {
		// RegenerateSession has no idle timeout. Saved before, as a later failure would keep the new token from the visitor.
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

// Invalidate ends the session at once and discards unsaved changes. Requests that still run with the old token cannot restore it.
// The object then works like a new session. Call it at logout.
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

// CSRFToken returns the CSRF token that the application's forms must carry. It creates a session that is not stored, because only
// stored sessions have a token; otherwise it does not call the sidecar.
func (s *Session) CSRFToken(ctx context.Context) (string, error) {
	if s.stored == nil {
		if err := s.create(ctx); err != nil {
			return "", err
		}
	}
	return s.stored.CsrfToken, nil
}

// NewCSRFToken replaces the CSRF token, so that forms with the old one are rejected, and returns the new one.
func (s *Session) NewCSRFToken(ctx context.Context) (string, error) {
	if s.stored != nil {
		response, err := s.client.stub.NewCsrfToken(ctx, &sessionv1.NewCsrfTokenRequest{Token: s.token})
		if err != nil {
			return "", err
		}
		s.stored.CsrfToken = response.CsrfToken
	}
	return s.CSRFToken(ctx)
}

// CheckCSRFToken compares with the CSRF token as loaded, in constant time. False unless the session is stored.
func (s *Session) CheckCSRFToken(token string) bool {
	return token != "" && s.stored != nil && subtle.ConstantTimeCompare([]byte(token), []byte(s.stored.CsrfToken)) == 1
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
