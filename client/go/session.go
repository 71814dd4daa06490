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

// Origin is what came of looking for the session of a token.
type Origin string

const (
	None         Origin = "none" // there was no token
	Found        Origin = "found"
	NotFound     Origin = "not_found"
	TokenInvalid Origin = "token_invalid"
)

// Never, as an idle timeout, makes a session that does not expire by being idle.
const Never time.Duration = -1

// Session is one visitor's session: a dictionary from keys to values that JSON can hold, loaded when it was opened. It belongs to
// one request and must not be used by several goroutines at once.
//
// Reading and writing do not call the sidecar. Writes are recorded, and Save sends them, and only them, as operations that the
// sidecar applies in one step: parallel requests that write to other keys lose nothing. Until a Save has succeeded all of them
// stay recorded. What fails at the sidecar fails with an *Error.
type Session struct {
	client *Client
	origin Origin
	isNew  bool
	// stored is what the sidecar last told; nil unless the session is stored.
	stored *sessionv1.Session
	token  string
	data   sessionData
	flash  flashMessages
	// Recorded and not saved yet.
	idleTimeout *time.Duration
	subject     *string
}

func newSession(client *Client, origin Origin) *Session {
	return &Session{client: client, origin: origin, isNew: true, data: newSessionData(nil), flash: newFlashMessages(nil)}
}

func (s *Session) load(token string, session *sessionv1.Session) {
	s.isNew, s.token, s.stored, s.data, s.flash = false, token, session, newSessionData(session), newFlashMessages(session)
}

// Origin is what Open found; for logs.
func (s *Session) Origin() Origin { return s.origin }

// IsNew tells whether the visitor came without a session, or it was invalidated since. Saving does not change it.
func (s *Session) IsNew() bool { return s.isNew }

// Token is the secret that names the session in every later request; empty unless stored.
func (s *Session) Token() string { return s.token }

// Handle is the session's public id, fit for logs. Regenerate keeps it. Empty unless stored.
func (s *Session) Handle() string { return s.stored.GetHandle() }

// Version grows with every change, whoever makes it; as last told by the sidecar. 0 unless stored.
func (s *Session) Version() int64 { return s.stored.GetVersion() }

// Created is the zero time unless stored.
func (s *Session) Created() time.Time { return timeOf(s.stored.GetCreated()) }

// Expires is when the session ends if nobody uses it again, as last told by the sidecar. The zero time: never, or not stored.
func (s *Session) Expires() time.Time { return timeOf(s.stored.GetExpires()) }

// Subject is who the session belongs to, with an unsaved SetSubject applied. Empty: nobody in particular.
func (s *Session) Subject() string {
	if s.subject != nil {
		return *s.subject
	}
	return s.stored.GetSubject()
}

// HasChanges tells whether Save has anything to send.
func (s *Session) HasChanges() bool {
	if s.data.cleared || len(s.data.writes) > 0 || len(s.flash.pending) > 0 {
		return true
	}
	if s.stored == nil {
		return s.Subject() != ""
	}
	return s.subject != nil || s.idleTimeout != nil
}

// Get stores the value at a key in what `into` points to, as json.Unmarshal does, and tells whether there is one. What is done to
// the copy is not saved: Set it.
func (s *Session) Get(key string, into any) (bool, error) {
	text, ok := s.data.values[key]
	if !ok {
		return false, nil
	}
	return true, decodeAt(key, text, into)
}

// Has tells whether there is a value at a key.
func (s *Session) Has(key string) bool {
	_, ok := s.data.values[key]
	return ok
}

// Len is the number of keys.
func (s *Session) Len() int { return len(s.data.values) }

// Keys gives all keys, sorted.
func (s *Session) Keys() []string { return slices.Sorted(maps.Keys(s.data.values)) }

// Set writes a value. It fails if JSON cannot hold it, and if the key is not 1 to 256 bytes of UTF-8 without control characters.
func (s *Session) Set(key string, value any) error {
	text, err := encodeAt(key, value)
	if err == nil {
		s.data.set(key, text)
	}
	return err
}

// SetDefault writes a value unless the key has one. After Save the key holds the value of whoever came first.
func (s *Session) SetDefault(key string, value any) error {
	text, err := encodeAt(key, value)
	if err == nil && !s.Has(key) {
		s.data.setDefault(key, text)
	}
	return err
}

// Delete removes a key and tells whether it was there.
func (s *Session) Delete(key string) bool {
	had := s.Has(key)
	if had {
		s.data.delete(key)
	}
	return had
}

// Pop is Get, and removes the key.
func (s *Session) Pop(key string, into any) (bool, error) {
	found, err := s.Get(key, into)
	if found && err == nil {
		s.data.delete(key)
	}
	return found, err
}

// Clear removes every key, those that other requests add before Save too. Flash messages, CSRF token and subject stay.
func (s *Session) Clear() { s.data.clear(s.stored != nil) }

// SetIdleTimeout says how long this session lives unused, 1 second to 10 years, or Never. Sent by Save; alone it does not make
// a new session be stored.
func (s *Session) SetIdleTimeout(timeout time.Duration) { s.idleTimeout = &timeout }

// SetSubject says who the session belongs to, for example a user id; empty: nobody. Sent by Save.
func (s *Session) SetSubject(subject string) { s.subject = &subject }

// Save stores what changed since the session was loaded or saved, in one call and one atomic step. It creates the session if there
// is none yet, and does nothing when nothing changed. It fails with SESSION_NOT_FOUND when the session ended meanwhile.
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

// create stores the session even if there is nothing to store.
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

// Regenerate replaces token and CSRF token and saves, in one step. The old token is dead at once. Call it whenever the visitor's
// privileges change, above all at login, after writing what changes them. On a session that is not stored it does nothing: its
// token will be fresh.
func (s *Session) Regenerate(ctx context.Context) error {
	if s.stored == nil {
		return nil
	}
	if s.idleTimeout != nil {
		// RegenerateSession does not take it. Saved before, because afterwards a failure would keep the new token from the visitor.
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

// Invalidate ends the session for good, at once, together with unsaved changes. The object then works like a new session. A
// request that still runs with the old token cannot bring it back. Call it at logout.
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

// CSRFToken is the token that forms have to carry. It stores the session, because a new one has none; otherwise it asks nobody.
func (s *Session) CSRFToken(ctx context.Context) (string, error) {
	if s.stored == nil {
		if err := s.create(ctx); err != nil {
			return "", err
		}
	}
	return s.stored.CsrfToken, nil
}

// NewCSRFToken replaces the CSRF token. Forms that carry the old one are refused from now on.
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
