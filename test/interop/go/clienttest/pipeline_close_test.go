package clienttest

import (
	"context"
	"runtime"
	"sync/atomic"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
)

func TestCloseEndsCallsAndLeavesNothingBehind(t *testing.T) {
	fake := startStreams(t, silent)
	absent := listen(t, "127.0.0.1:0")
	check(t, absent.Close())
	for _, address := range []string{fake.address, absent.Addr().String()} {
		client := dial(t, address)
		if isUnary() && address == fake.address {
			continue
		}
		opening := openLater(patient(t), client)
		if address == fake.address {
			eventually(t, "the call", func() bool { return len(fake.arrived("GetSession")) == 1 })
		} else {
			eventually(t, "the call to wait", func() bool { return goroutines("Client).Open") == 1 })
		}
		check(t, client.Close())
		expectCode(t, <-opening, sidecar.CodeCancelled)
		_, err := client.Open(patient(t), "token")
		expectCode(t, err, sidecar.CodeCancelled)
		eventually(t, "everything to end", func() bool { return goroutines("client/go.") == 0 })
	}
}

// slowStream is a stream that takes long to end.
type slowStream struct {
	grpc.ClientStream
	ended *atomic.Bool
}

func (s slowStream) RecvMsg(message any) error {
	err := s.ClientStream.RecvMsg(message)
	if err != nil {
		for range 10_000 {
			runtime.Gosched()
		}
		s.ended.Store(true)
	}
	return err
}

func TestCloseWaitsForTheStream(t *testing.T) {
	onlyPipeline(t)
	var ended atomic.Bool
	slow := func(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(ctx, description, conn, method, options...)
		return slowStream{stream, &ended}, err
	}
	client := dial(t, startFake(t, whole).address, grpc.WithChainStreamInterceptor(slow))
	open(t, client)
	check(t, client.Close())
	if !ended.Load() {
		t.Error("Close returned before the stream had ended")
	}
}
