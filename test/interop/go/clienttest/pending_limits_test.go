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

func TestCallsPastALimitWaitAndAreOverloadedAtTheirDeadline(t *testing.T) {
	for name, limit := range map[string]grpc.DialOption{
		"calls": sidecar.WithMaxPendingCalls(1),
		"bytes": sidecar.WithMaxPendingBytes(4),
	} {
		t.Run(name, func(t *testing.T) {
			release := make(chan struct{})
			fake := startFake(t, func(_ int, call call) (any, error) {
				<-release
				return whole(0, call)
			})
			client := dial(t, fake.address, limit)
			first := openLater(patient(t), client)
			eventually(t, "the first call", func() bool { return len(fake.received()) == 1 })

			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			_, err := client.Open(ctx, "token")
			expectCode(t, err, sidecar.CodeOverloaded)
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			ctx, cancel = context.WithCancel(t.Context())
			given := openLater(ctx, client)
			second := openLater(patient(t), client)
			eventually(t, "two calls to wait", func() bool { return goroutines("pendingLimits).acquire") == 2 })
			cancel()
			expectCode(t, <-given, sidecar.CodeCancelled)
			close(release)
			check(t, <-first)
			check(t, <-second)
			if got := len(fake.received()); got != 2 {
				t.Errorf("%d calls were sent", got)
			}
		})
	}
}

func TestALimitIsAtLeast1(t *testing.T) {
	for _, limit := range []grpc.DialOption{sidecar.WithMaxPendingCalls(0), sidecar.WithMaxPendingBytes(-1)} {
		if _, err := sidecar.Dial("localhost:1", limit); err == nil || !strings.Contains(err.Error(), "at least 1") {
			t.Errorf("got %v", err)
		}
	}
}
