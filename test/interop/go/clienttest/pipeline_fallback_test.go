package clienttest

import (
	"context"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

func TestWithUnaryOpensNoStream(t *testing.T) {
	fake := startFake(t, whole)
	client := dial(t, fake.address, sidecar.WithUnary())
	open(t, client)
	open(t, client)
	expectCounts(t, fake, 0, 2)
}

func TestCallsAreUnaryWhereStreamsAreRejected(t *testing.T) {
	onlyPipeline(t)
	for code, streams := range map[codes.Code]int{codes.Unimplemented: 1, codes.PermissionDenied: 1, codes.Internal: 3} {
		t.Run(code.String(), func(t *testing.T) {
			fake := startStreams(t, refuse(code))
			client := dial(t, fake.address)
			for range 3 {
				open(t, client)
			}
			expectCounts(t, fake, streams, 3)
		})
	}
}

func TestCallsAreUnaryWhileTheOpeningOfAStreamIsNotAnswered(t *testing.T) {
	onlyPipeline(t)
	accept := make(chan struct{})
	fake := startStreams(t, func(stream *fakeStream) error {
		select {
		case <-accept:
		case <-stream.Context().Done():
		}
		return stream.answerAll()
	})
	client := dial(t, fake.address)
	open(t, client)
	open(t, client)
	expectCounts(t, fake, 1, 2)
	close(accept)
	eventually(t, "a call on the stream", func() bool {
		open(t, client)
		return len(fake.arrived("GetSession")) > 0
	})
	expectCounts(t, fake, 1, fake.unaryCount())
}

func TestACallThatNoFrameCanCarryIsUnary(t *testing.T) {
	onlyPipeline(t)
	for _, pair := range [][2]string{{"trace-bin", "\xff\x00"}, {"authorization", "Bearer other"}} {
		fake := startFake(t, whole)
		add := func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
			return invoke(metadata.AppendToOutgoingContext(ctx, pair[0], pair[1]), method, request, reply, conn, options...)
		}
		open(t, dial(t, fake.address, grpc.WithChainUnaryInterceptor(add)))
		if got := fake.received()[0].metadata.Get(pair[0]); len(got) != 1 || got[0] != pair[1] {
			t.Errorf("%s is %q", pair[0], got)
		}
		expectCounts(t, fake, 0, 1)
	}
	fake := startFake(t, whole)
	open(t, dial(t, fake.address, grpc.WithDefaultCallOptions(grpc.UseCompressor("identity"))))
	expectCounts(t, fake, 0, 1)
}
