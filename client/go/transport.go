package sidecar

import (
	"context"
	"errors"
	"math/rand/v2"
	"path"
	"slices"
	"strconv"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	firstBackoff = 50 * time.Millisecond
	maxBackoff   = 100 * time.Millisecond
)

// transport makes the calls of the generated stub. It gives each call a deadline, lets it wait for a connection until then, retries it
// where that is safe, and fails with an *Error.
type transport struct {
	*grpc.ClientConn
	monitor *connectionMonitor
	limits  *pendingLimits
	// timeout is that of a call whose context has no deadline.
	timeout time.Duration
}

func (t transport) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		limited, cancel := context.WithTimeout(ctx, t.timeout)
		defer cancel()
		ctx = limited
	}
	name := path.Base(method)
	bytes := proto.Size(request.(proto.Message))
	if ctx.Err() != nil {
		return notTried(ctx, name)
	}
	if t.limits.acquire(ctx, bytes) != nil {
		return notAdmitted(ctx, name)
	}
	defer t.limits.release(bytes)
	var doubt *Error
	for attempt := 1; ; attempt++ {
		failure := t.try(ctx, method, request, response, options)
		if failure == nil {
			return nil
		}
		if doubt == nil && failure.mayHaveRun() {
			doubt = failure
		}
		pause, again := failure.pauseAfter(attempt, isIdempotent(name))
		if deadline, _ := ctx.Deadline(); !again || time.Until(deadline) <= pause {
			return failure.inLightOf(doubt)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return notTried(ctx, name)
		}
	}
}

func (t transport) try(ctx context.Context, method string, request, response any, options []grpc.CallOption) *Error {
	name := path.Base(method)
	if ctx.Err() != nil {
		return notTried(ctx, name)
	}
	defer t.monitor.wait()()
	var receiver peer.Peer
	var trailer metadata.MD
	own := []grpc.CallOption{grpc.WaitForReady(true), grpc.Peer(&receiver), grpc.Trailer(&trailer)}
	err := t.ClientConn.Invoke(ctx, method, request, response, slices.Concat(options, own)...)
	if err == nil {
		return nil
	}
	e := toError(name, err)
	e.cancelled = errors.Is(ctx.Err(), context.Canceled)
	e.pushback = trailer.Get("grpc-retry-pushback-ms")
	// gRPC sets the receiver when it sends the call.
	e.sent = receiver.Addr != nil
	if !e.sent && e.Code == CodeDeadlineExceeded {
		e.Code = CodeUnavailable
	}
	return e
}

// notTried returns the error of a call whose context ended before it was sent.
func notTried(ctx context.Context, name string) *Error {
	e := toError(name, status.FromContextError(ctx.Err()).Err())
	e.cancelled = errors.Is(ctx.Err(), context.Canceled)
	return e
}

// notAdmitted returns the error of a call whose context ended while it waited for pendingLimits.
func notAdmitted(ctx context.Context, name string) *Error {
	e := notTried(ctx, name)
	if !e.cancelled {
		e.Code = CodeOverloaded
		e.message = name + " was not sent: pending calls have reached the client's limit"
	}
	return e
}

// pauseAfter returns the pause before the next attempt, or false if the call must not be retried.
func (e *Error) pauseAfter(attempt int, idempotent bool) (time.Duration, bool) {
	switch e.Code {
	case CodeUnavailable, CodeStoreUnavailable, CodeDraining, CodeOverloaded:
	default:
		return 0, false
	}
	if e.mayHaveRun() && !idempotent {
		return 0, false
	}
	if len(e.pushback) > 0 {
		// As in gRPC's own retries (gRFC A6), a value that is not a number from 0 up means that the call must not be retried.
		milliseconds, err := strconv.ParseInt(e.pushback[0], 10, 32)
		return time.Duration(milliseconds) * time.Millisecond, err == nil && milliseconds >= 0
	}
	backoff := min(firstBackoff<<min(attempt-1, 8), maxBackoff)
	// Jitter keeps calls that failed together from being retried together.
	return max(backoff/2+rand.N(backoff/2), min(e.RetryAfter, time.Hour)+rand.N(firstBackoff/2)), true
}

// mayHaveRun reports whether the failed call may have been applied.
func (e *Error) mayHaveRun() bool {
	switch e.Code {
	case CodeDraining, CodeOverloaded:
		return false
	case CodeStoreUnavailable:
		return e.Metadata["maybe_applied"] != "false"
	default:
		return e.sent
	}
}

// inLightOf returns doubt, the error of an earlier attempt that may have been applied, unless the same is true of e.
func (e *Error) inLightOf(doubt *Error) *Error {
	if doubt != nil && !e.mayHaveRun() {
		return doubt
	}
	return e
}

// isIdempotent reports whether the API marks a method as safe to run twice.
func isIdempotent(name string) bool {
	method := sessionv1.File_session_v1_session_service_proto.Services().Get(0).Methods().ByName(protoreflect.Name(name))
	options, ok := method.Options().(*descriptorpb.MethodOptions)
	return ok && options.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
}
