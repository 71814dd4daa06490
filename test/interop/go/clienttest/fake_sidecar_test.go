// Package clienttest tests the Go client against a sidecar that answers what a test wants.
package clienttest

import (
	"context"
	"net"
	"os"
	"path"
	"sync"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
)

// call is one RPC as it arrived.
type call struct {
	method   string
	metadata metadata.MD
	left     time.Duration // of its deadline
}

// answer makes the reply to the call with this number, counted from 1.
type answer func(number int, call call) (any, error)

type fakeSidecar struct {
	sessionv1.UnimplementedSessionServiceServer
	address string
	answer  answer
	// serve is what it does with a stream; nil: answers the calls on it.
	serve func(*fakeStream) error

	mu      sync.Mutex
	calls   []call
	unary   int // of the calls
	streams []*fakeStream
}

func startFake(t *testing.T, answer answer) *fakeSidecar {
	t.Helper()
	return serveFake(t, listen(t, "127.0.0.1:0"), &fakeSidecar{answer: answer})
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	check(t, err)
	return listener
}

func serveFake(t *testing.T, listener net.Listener, fake *fakeSidecar) *fakeSidecar {
	fake.address = listener.Addr().String()
	server := grpc.NewServer(grpc.UnaryInterceptor(fake.intercept))
	sessionv1.RegisterSessionServiceServer(server, fake)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return fake
}

func (f *fakeSidecar) intercept(ctx context.Context, _ any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	arrived := call{method: path.Base(info.FullMethod)}
	arrived.metadata, _ = metadata.FromIncomingContext(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		arrived.left = time.Until(deadline)
	}
	f.mu.Lock()
	f.unary++
	f.mu.Unlock()
	reply, err := f.answer(f.note(arrived), arrived)
	if refusal, ok := err.(*refusal); ok {
		if refusal.pushback != "" {
			_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", refusal.pushback))
		}
		err = refusal.status()
	}
	return reply, err
}

// note keeps a call that has arrived, and returns its number.
func (f *fakeSidecar) note(arrived call) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, arrived)
	return len(f.calls)
}

func (f *fakeSidecar) received() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]call(nil), f.calls...)
}

// refusal is a failure as the sidecar describes it.
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

// wholeReply answers as a sidecar does in which all sessions are empty.
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

func whole(_ int, call call) (any, error) { return wholeReply(call.method), nil }

// isUnary is whether this run is about the other transport: TRANSPORT=unary go test ./...
var isUnary = os.Getenv("TRANSPORT") == "unary"

func dial(t *testing.T, address string, options ...grpc.DialOption) *sidecar.Client {
	t.Helper()
	if isUnary {
		options = append(options, sidecar.WithUnary())
	}
	client, err := sidecar.Dial(address, options...)
	check(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// patient is for tests that are not about time, on machines that are busy.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, client *sidecar.Client) *sidecar.Session {
	t.Helper()
	session, err := client.Open(patient(t), "token")
	check(t, err)
	return session
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
