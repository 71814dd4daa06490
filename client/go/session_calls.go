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

// SaveOption is an option of Session.Save.
type SaveOption func(*saveSettings)

type saveSettings struct{ failOnConflict bool }

// OnConflictFail makes Save fail with VERSION_MISMATCH, and store nothing, if another request has changed the session since it was loaded or
// last saved. Open the session again, and apply the changes to it. By default, Save applies the changes to what is stored now: keys that
// were not changed here keep what the other request has written.
func OnConflictFail() SaveOption {
	return func(settings *saveSettings) { settings.failOnConflict = true }
}

// RegenerateOption is an option of Session.Regenerate.
type RegenerateOption func(*sessionv1.RegenerateSessionRequest)

// WithGrace makes the old token find the session for a while, 1 ms to 30 seconds in whole milliseconds, so that requests that the browser
// has already sent with it are not signed out. It is not for logins: Regenerate fails with INVALID_ARGUMENT if the subject is changed, too.
// A later change of the subject and another Regenerate end the grace.
func WithGrace(grace time.Duration) RegenerateOption {
	return func(request *sessionv1.RegenerateSessionRequest) { request.Grace = durationpb.New(grace) }
}

// Save stores the changes since the session was loaded or last saved, in one call and one atomic step. It creates the session if it is
// not stored, and does nothing if nothing changed. It fails with SESSION_NOT_FOUND if the session has ended since it was opened, with
// VERSION_MISMATCH if OnConflictFail is given and another request has changed the session, and with LEASE_LOST if the lease of WithLock has
// ended.
func (s *Session) Save(ctx context.Context, options ...SaveOption) error {
	if !s.HasChanges() {
		return nil
	}
	if s.stored == nil {
		return s.create(ctx)
	}
	var settings saveSettings
	for _, option := range options {
		option(&settings)
	}
	var ifVersion *int64
	if settings.failOnConflict {
		ifVersion = &s.loadedVersion
	}
	_, err := s.update(ctx, nil, ifVersion)
	return err
}

// update sends the changes, after other mutations in the same step. It returns the results of those.
func (s *Session) update(ctx context.Context, before []*sessionv1.Mutation, ifVersion *int64) ([]*sessionv1.MutationResult, error) {
	request := &sessionv1.UpdateSessionRequest{
		Token: s.token, Mutations: append(before, s.mutations()...), Subject: s.subject, Label: s.label, IfVersion: ifVersion, Fence: s.fence,
	}
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
	isChanged := s.subject != nil || s.label != nil || s.idleTimeout != nil || slices.ContainsFunc(response.Results, (*sessionv1.MutationResult).GetApplied)
	s.changed(response.Version, isChanged)
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
	if s.Label() != "" {
		request.Label = s.label
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
		s.isNew, s.idleTimeout, s.subject, s.label = isNew, nil, nil, nil
	}
	return err
}

// Regenerate replaces the token and the CSRF token, and saves, in one atomic step. The old token becomes invalid at once, unless WithGrace
// is given. To prevent session fixation, call it whenever the visitor's privileges change, above all at login, after the writes that change
// them. It has no effect on a session that is not stored, which gets a fresh token anyway. It fails with SESSION_NOT_FOUND if the session
// has ended meanwhile or another request has replaced its token; see RegenerateOrCreate.
func (s *Session) Regenerate(ctx context.Context, options ...RegenerateOption) error {
	if s.stored == nil {
		return s.unavailable
	}
	if err := s.saveIdleTimeout(ctx); err != nil {
		return err
	}
	request := &sessionv1.RegenerateSessionRequest{Token: s.token, Mutations: s.mutations(), Subject: s.subject, Label: s.label, Fence: s.fence}
	for _, option := range options {
		option(request)
	}
	response, err := s.client.stub.RegenerateSession(ctx, request)
	if err == nil {
		err = cmp.Or(checkToken("RegenerateSession", response.GetToken()), checkCSRFToken("RegenerateSession", response.GetCsrfToken()))
	}
	if err != nil {
		return err
	}
	// Whatever else the reply lacks: the old token is invalid, so the visitor needs the new one.
	s.token, s.stored.CsrfToken = response.Token, response.CsrfToken
	s.changed(response.Version, true)
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

// changed records the version that a call of this Session has left the session at. If the call has changed anything, the version before
// it was one less.
func (s *Session) changed(version int64, hasApplied bool) {
	before := version
	if hasApplied {
		before--
	}
	if before == s.loadedVersion {
		s.loadedVersion = version
	}
}

func (s *Session) mutations() []*sessionv1.Mutation {
	return append(s.data.mutations(), s.flash.mutations()...)
}

func (s *Session) settle(version int64, expires *timestamppb.Timestamp, results []*sessionv1.MutationResult) {
	s.stored.Version, s.stored.Expires = version, expires
	if s.subject != nil {
		s.stored.Subject, s.subject = s.subject, nil
	}
	if s.label != nil {
		s.stored.Label, s.label = s.label, nil
	}
	flashResults := results[len(results)-len(s.flash.pending):]
	s.data.settle(results)
	s.flash.settle(flashResults)
}
