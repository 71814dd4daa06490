package clienttest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
)

func TestEachCallHasADeadlineByTheMonotonicClock(t *testing.T) {
	fake := startFake(t, whole)
	var deadline time.Time
	look := func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		deadline, _ = ctx.Deadline()
		return invoke(ctx, method, request, reply, conn, options...)
	}
	_, err := dial(t, fake.address, grpc.WithChainUnaryInterceptor(look)).Open(context.Background(), "token")
	check(t, err)
	if left := fake.received()[0].left; left <= 0 || left > sidecar.DefaultTimeout {
		t.Errorf("the sidecar got %v", left)
	}
	// Without a monotonic reading, times are compared by the wall clock, which may be set.
	if !strings.Contains(deadline.String(), " m=") {
		t.Errorf("the deadline %v is one of the wall clock", deadline)
	}
}

func TestErrorsMatchThoseOfTheContext(t *testing.T) {
	release := make(chan struct{})
	started := make(chan struct{}, 10)
	fake := startFake(t, func(int, call) (any, error) {
		started <- struct{}{}
		<-release
		return nil, errors.New("late")
	})
	t.Cleanup(func() { close(release) })
	client := dial(t, fake.address)
	expect := func(err error, code sidecar.Code, cancelled, overdue bool) {
		t.Helper()
		if sidecar.CodeOf(err) != code || errors.Is(err, context.Canceled) != cancelled || errors.Is(err, context.DeadlineExceeded) != overdue {
			t.Errorf("got %v, Canceled: %v, DeadlineExceeded: %v", err, errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded))
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-started
		cancel()
	}()
	_, err := client.Open(ctx, "token")
	expect(err, sidecar.CodeCancelled, true, false)
	_, err = client.Open(ctx, "token")
	expect(err, sidecar.CodeCancelled, true, false)

	ctx, cancel = context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	_, err = client.Open(ctx, "token")
	expect(err, sidecar.CodeDeadlineExceeded, false, true)
	<-ctx.Done()
	_, err = client.Open(ctx, "token")
	expect(err, sidecar.CodeDeadlineExceeded, false, true)

	absent := dial(t, "unix:/nonexistent/session-sidecar.sock")
	ctx, cancel = context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	_, err = absent.Open(ctx, "token")
	expect(err, sidecar.CodeUnavailable, false, true)

	check(t, absent.Close())
	_, err = absent.Open(context.Background(), "token")
	expect(err, sidecar.CodeCancelled, false, false)
}

func TestACancelledTransformStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	fake := startFake(t, func(number int, call call) (any, error) {
		if call.method == "UpdateSession" {
			cancel()
			return nil, &refusal{status_: 10, reason: "VERSION_MISMATCH"}
		}
		return wholeReply(call.method), nil
	})
	session := open(t, dial(t, fake.address))
	_, err := sidecar.Transform(ctx, session, "n", func(n int) int { return n + 1 })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
