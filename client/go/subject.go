package sidecar

import (
	"context"
	"errors"
	"iter"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// SubjectSessions are the sessions that belong to a subject, as SetSubject has set it: the devices of a user, for example. The sidecar
// does not know who may see or end them: check that before.
type SubjectSessions struct {
	client  *Client
	subject string
}

// Subject returns the sessions that belong to a subject, to list or end them. It does not call the sidecar.
func (c *Client) Subject(subject string) *SubjectSessions {
	return &SubjectSessions{c, subject}
}

// SubjectSession is one of a subject's sessions, as it was when it was listed.
type SubjectSession struct {
	// Handle is the session's public id, which Invalidate takes.
	Handle string
	// Label is what SetLabel has set, for example the device. Empty: nothing.
	Label   string
	Created time.Time
	// Accessed is the last recorded access. The actual one may be later by the sidecar's touch interval.
	Accessed time.Time
	// Expires is when the session expires if it is not used again. The zero time: never.
	Expires time.Time
	Version int64
	// IsCurrent is true for the session whose token was given to Current.
	IsCurrent bool
	data      map[string][]byte
}

// Get decodes the value at a key as Session.Get does. Without IncludeData, no key exists.
func (s *SubjectSession) Get(key string, into any) (bool, error) {
	text, ok := s.data[key]
	if !ok {
		return false, nil
	}
	return true, decodeAt(key, text, into)
}

// ListOption is an option of List and All.
type ListOption func(*sessionv1.ListSubjectSessionsRequest)

// Current marks the session of a token as the current one.
func Current(token string) ListOption {
	return func(request *sessionv1.ListSubjectSessionsRequest) { request.CurrentToken = &token }
}

// IncludeData reads the keys and values of the sessions, too.
func IncludeData() ListOption {
	return func(request *sessionv1.ListSubjectSessionsRequest) { request.IncludeData = true }
}

// PageSize sets the maximum number of sessions per call to the sidecar, 1 to 1,000. Default: 100.
func PageSize(size int32) ListOption {
	return func(request *sessionv1.ListSubjectSessionsRequest) { request.PageSize = size }
}

// List returns all sessions, in the order of their handles. Being listed is not an access to a session.
func (s *SubjectSessions) List(ctx context.Context, options ...ListOption) ([]SubjectSession, error) {
	var sessions []SubjectSession
	for session, err := range s.All(ctx, options...) {
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, session)
	}
	return sessions, nil
}

// All is like List, and calls the sidecar for the sessions as they are needed, a page at a time. It ends with the first error.
func (s *SubjectSessions) All(ctx context.Context, options ...ListOption) iter.Seq2[SubjectSession, error] {
	return func(yield func(SubjectSession, error) bool) {
		request := &sessionv1.ListSubjectSessionsRequest{Subject: s.subject}
		for _, option := range options {
			option(request)
		}
		for {
			response, err := s.client.stub.ListSubjectSessions(ctx, request)
			if err != nil {
				yield(SubjectSession{}, err)
				return
			}
			for _, session := range response.GetSessions() {
				if !yield(subjectSessionOf(session), nil) {
					return
				}
			}
			if response.GetNextPageToken() == "" {
				return
			}
			request.PageToken = response.NextPageToken
		}
	}
}

func subjectSessionOf(s *sessionv1.SubjectSession) SubjectSession {
	return SubjectSession{
		Handle: s.GetHandle(), Label: s.GetLabel(), Created: timeOf(s.GetCreated()), Accessed: timeOf(s.GetAccessed()),
		Expires: timeOf(s.GetExpires()), Version: s.GetVersion(), IsCurrent: s.GetIsCurrent(), data: s.GetData(),
	}
}

// Invalidate ends one of the sessions, named by its handle. It reports whether this call has ended it: not if it has ended before, or
// does not belong to the subject.
func (s *SubjectSessions) Invalidate(ctx context.Context, handle string) (bool, error) {
	// The sidecar takes no handles at all for all sessions.
	count, err := s.invalidate(ctx, &sessionv1.InvalidateSubjectSessionsRequest{Handles: []string{handle}})
	return count > 0, err
}

// InvalidateAll ends all sessions and returns how many. None that existed when it was called survives, nor does one that a login in
// flight gives to the subject at that moment. If it fails, some may have ended; call it again.
func (s *SubjectSessions) InvalidateAll(ctx context.Context) (int, error) {
	return s.invalidate(ctx, &sessionv1.InvalidateSubjectSessionsRequest{})
}

// InvalidateOthers is like InvalidateAll, but the session of a token goes on. It must be the current token: a session whose token was
// replaced ends. InvalidateOthers fails, and ends nothing, if the token is empty.
func (s *SubjectSessions) InvalidateOthers(ctx context.Context, currentToken string) (int, error) {
	if currentToken == "" {
		return 0, errors.New("InvalidateOthers: expected the token of a stored session, got an empty string")
	}
	return s.invalidate(ctx, &sessionv1.InvalidateSubjectSessionsRequest{ExceptToken: &currentToken})
}

func (s *SubjectSessions) invalidate(ctx context.Context, request *sessionv1.InvalidateSubjectSessionsRequest) (int, error) {
	request.Subject = s.subject
	response, err := s.client.stub.InvalidateSubjectSessions(ctx, request)
	return int(response.GetEndedCount()), err
}
