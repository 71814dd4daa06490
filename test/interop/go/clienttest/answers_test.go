package clienttest

import (
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// wholeReply returns the reply of a sidecar whose sessions are all empty.
func wholeReply(method string) any {
	session := &sessionv1.Session{Handle: "handle", CsrfToken: "csrf", Version: 1}
	switch method {
	case "CreateSession":
		return &sessionv1.CreateSessionResponse{Token: "token", Session: session, Results: []*sessionv1.MutationResult{{Applied: true}}}
	case "GetSession":
		return &sessionv1.GetSessionResponse{Session: session}
	case "UpdateSession":
		return &sessionv1.UpdateSessionResponse{Version: 2, Results: []*sessionv1.MutationResult{{Applied: true}}}
	case "RegenerateSession":
		return &sessionv1.RegenerateSessionResponse{Token: "new", CsrfToken: "csrf", Version: 2}
	case "InvalidateSession":
		return &sessionv1.InvalidateSessionResponse{}
	case "PopFlash":
		return &sessionv1.PopFlashResponse{}
	case "PeekFlash":
		return &sessionv1.PeekFlashResponse{}
	case "NewCsrfToken":
		return &sessionv1.NewCsrfTokenResponse{CsrfToken: "csrf"}
	}
	return nil
}

// whole answers every call with a whole reply.
func whole(_ int, call call) (any, error) { return wholeReply(call.method), nil }

// answering answers calls of one method with one reply, and others with whole ones.
func answering(method string, reply any) answer {
	return func(_ int, call call) (any, error) {
		if call.method == method {
			return reply, nil
		}
		return wholeReply(call.method), nil
	}
}

// failing answers the first calls of a method with an error, and the others with whole replies.
func failing(method string, times int, err error) answer {
	failed := 0
	return func(_ int, call call) (any, error) {
		if call.method == method && failed < times {
			failed++
			return nil, err
		}
		return wholeReply(call.method), nil
	}
}

// refusal is an error as the sidecar describes it.
type refusal struct {
	status_    codes.Code
	reason     string
	metadata   map[string]string
	retryAfter time.Duration
	pushback   string
}

func (r *refusal) Error() string { return r.reason }

func (r *refusal) status() error {
	state := status.New(r.status_, "refused")
	if r.reason != "" {
		info := &errdetails.ErrorInfo{Reason: r.reason, Domain: "session.v1", Metadata: r.metadata}
		retry := &errdetails.RetryInfo{RetryDelay: durationpb.New(r.retryAfter)}
		state, _ = state.WithDetails(info, retry)
	}
	return state.Err()
}

func draining(retryAfter time.Duration) error {
	return &refusal{status_: codes.Unavailable, reason: "DRAINING", retryAfter: retryAfter}
}

func storeUnavailable(maybeApplied string) error {
	return &refusal{status_: codes.Unavailable, reason: "STORE_UNAVAILABLE", metadata: map[string]string{"maybe_applied": maybeApplied}}
}
