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

// transport makes the calls of the generated stub. Each has a deadline, waits for a connection until then, is retried where that is
// safe, and fails with an *Error.
type transport struct {
	*grpc.ClientConn
	monitor *connectionMonitor
	limits  *pendingLimits
}

func (t transport) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		limited, cancel := context.WithTimeout(ctx, DefaultTimeout)
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
	// gRPC knows the receiver of a call that it has sent.
	e.sent = receiver.Addr != nil
	if !e.sent && e.Code == CodeDeadlineExceeded {
		e.Code = CodeUnavailable
	}
	return e
}

func notTried(ctx context.Context, name string) *Error {
	e := toError(name, status.FromContextError(ctx.Err()).Err())
	e.cancelled = errors.Is(ctx.Err(), context.Canceled)
	return e
}

// notAdmitted is about a call that waited until its context ended because pending calls have reached a limit of the client.
func notAdmitted(ctx context.Context, name string) *Error {
	e := notTried(ctx, name)
	if !e.cancelled {
		e.Code = CodeOverloaded
		e.message = name + " was not sent: pending calls have reached the client's limit"
	}
	return e
}

// pauseAfter returns the pause after an attempt that failed with e, or false if it must not be retried.
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
		// As in gRPC's own retries (gRFC A6), anything but a number from 0 up means: do not retry.
		milliseconds, err := strconv.ParseInt(e.pushback[0], 10, 32)
		return time.Duration(milliseconds) * time.Millisecond, err == nil && milliseconds >= 0
	}
	backoff := min(firstBackoff<<min(attempt-1, 8), maxBackoff)
	// With jitter, so that calls that failed together are not all retried together.
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

// inLightOf returns the error of an earlier attempt if that one may have been applied and the last one, e, certainly was not.
func (e *Error) inLightOf(doubt *Error) *Error {
	if doubt != nil && !e.mayHaveRun() {
		return doubt
	}
	return e
}

// isIdempotent reports whether the API allows a call to run twice.
func isIdempotent(name string) bool {
	method := sessionv1.File_session_v1_session_service_proto.Services().Get(0).Methods().ByName(protoreflect.Name(name))
	options, ok := method.Options().(*descriptorpb.MethodOptions)
	return ok && options.GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN
}
