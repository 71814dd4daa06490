package sidecar

import (
	"cmp"
	"context"
	"slices"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Save stores the changes since the session was loaded or last saved, in one call and one atomic step. It creates the session if it is
// not stored, and does nothing if nothing changed. It fails with SESSION_NOT_FOUND if the session has ended since it was opened.
func (s *Session) Save(ctx context.Context) error {
	if !s.HasChanges() {
		return nil
	}
	if s.stored == nil {
		return s.create(ctx)
	}
	_, err := s.update(ctx, nil)
	return err
}

// update sends the changes, after other mutations in the same step. It returns the results of those.
func (s *Session) update(ctx context.Context, before []*sessionv1.Mutation) ([]*sessionv1.MutationResult, error) {
	request := &sessionv1.UpdateSessionRequest{Token: s.token, Mutations: append(before, s.mutations()...), Subject: s.subject}
	if s.idleTimeout != nil {
		setIdleTimeout(request, *s.idleTimeout)
	}
	response, err := s.client.stub.UpdateSession(ctx, request)
	if err == nil {
		err = checkResults("UpdateSession", request.Mutations, response.GetResults())
	}
	if err != nil {
		return nil, err
	}
	s.idleTimeout = nil
	s.settle(response.Version, response.Expires, response.Results[len(before):])
	return response.Results[:len(before)], nil
}

// create creates the session, even if it has no changes.
func (s *Session) create(ctx context.Context) error {
	if s.unavailable != nil {
		return s.unavailable
	}
	request := &sessionv1.CreateSessionRequest{Mutations: s.mutations()}
	if s.Subject() != "" {
		request.Subject = s.subject
	}
	if s.id != "" {
		request.Id = &s.id
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
// effect on a session that is not stored, which gets a fresh token anyway. It fails with SESSION_NOT_FOUND if the session has ended
// meanwhile or another request has replaced its token; see RegenerateOrCreate.
func (s *Session) Regenerate(ctx context.Context) error {
	if s.stored == nil {
		return s.unavailable
	}
	if err := s.saveIdleTimeout(ctx); err != nil {
		return err
	}
	request := &sessionv1.RegenerateSessionRequest{Token: s.token, Mutations: s.mutations(), Subject: s.subject}
	response, err := s.client.stub.RegenerateSession(ctx, request)
	if err == nil {
		err = cmp.Or(checkToken("RegenerateSession", response.GetToken()), checkCSRFToken("RegenerateSession", response.GetCsrfToken()))
	}
	if err != nil {
		return err
	}
	// Whatever else the reply lacks: the old token is invalid, so the visitor needs the new one.
	s.token, s.stored.CsrfToken = response.Token, response.CsrfToken
	if err = checkResults("RegenerateSession", request.Mutations, response.GetResults()); err == nil {
		s.settle(response.Version, response.Expires, response.Results)
	}
	return err
}

// RegenerateOrCreate is Regenerate for logins, which a double click sends twice. If the session has ended meanwhile or another request has
// replaced its token, it goes on with a new session: one that holds only what was set on this Session and not saved yet, its unsaved
// messages, idle timeout and subject included. Nothing that was loaded is in it, so set only what this request itself has proved, not what
// it has read from the session. If there is nothing unsaved, or the new session cannot be created, it fails, and everything is as before.
func (s *Session) RegenerateOrCreate(ctx context.Context) error {
	err := s.Regenerate(ctx)
	if CodeOf(err) != CodeSessionNotFound {
		return err
	}
	created := newSession(s.client, s.origin)
	created.data, created.flash.pending = s.data.written(), slices.Clone(s.flash.pending)
	created.idleTimeout, created.subject = s.idleTimeout, s.subject
	if !created.HasChanges() {
		return err
	}
	if err = created.create(ctx); err == nil {
		*s = *created
	}
	return err
}

// saveIdleTimeout saves nothing else. RegenerateSession has no idle timeout; if saving it failed after the token was replaced, the visitor
// would not get the new token.
func (s *Session) saveIdleTimeout(ctx context.Context) error {
	if s.idleTimeout == nil {
		return nil
	}
	request := &sessionv1.UpdateSessionRequest{Token: s.token}
	setIdleTimeout(request, *s.idleTimeout)
	response, err := s.client.stub.UpdateSession(ctx, request)
	if err == nil {
		s.idleTimeout, s.stored.Version, s.stored.Expires = nil, response.Version, response.Expires
	}
	return err
}

func setIdleTimeout(request *sessionv1.UpdateSessionRequest, timeout time.Duration) {
	if timeout == Never {
		request.IdleExpiry = &sessionv1.UpdateSessionRequest_NoIdleTimeout{NoIdleTimeout: true}
		return
	}
	request.IdleExpiry = &sessionv1.UpdateSessionRequest_IdleTimeout{IdleTimeout: durationpb.New(timeout)}
}

// Invalidate ends the session at once and discards unsaved changes. Call it at logout. Requests in flight with the old token cannot
// restore the session. The Session can then be used as a new one.
func (s *Session) Invalidate(ctx context.Context) error {
	if s.unavailable != nil {
		return s.unavailable
	}
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
