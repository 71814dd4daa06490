package clienttest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

func TestAllCallsShareOneStreamByDefault(t *testing.T) {
	onlyPipeline(t)
	fake := startFake(t, whole)
	client := dial(t, fake.address)
	inParallel(50, func() { open(t, client) })
	check(t, changed(t, client).Save(patient(t)))
	expectCounts(t, fake, 1, 0)
	if got := len(fake.received()); got != 52 {
		t.Errorf("%d calls", got)
	}
}

func TestCallsMadeTogetherShareFrames(t *testing.T) {
	onlyPipeline(t)
	accept := make(chan struct{})
	fake := startStreams(t, func(stream *fakeStream) error {
		<-accept
		return stream.answerAll()
	})
	client := dial(t, fake.address)
	go func() {
		eventually(t, "64 calls to wait", func() bool { return goroutines("await") == 64 })
		close(accept)
	}()
	inParallel(64, func() { open(t, client) })
	frames := fake.streams[0].frames
	if len(frames) != 2 {
		t.Errorf("64 calls came in %d frames", len(frames))
	}
}

func TestFramesAreNoLargerThanTheSidecarAccepts(t *testing.T) {
	onlyPipeline(t)
	accept := make(chan struct{})
	fake := startStreams(t, func(stream *fakeStream) error {
		<-accept
		return stream.answerAll()
	})
	client := dial(t, fake.address)
	go func() {
		eventually(t, "16 calls to wait", func() bool { return goroutines("await") == 16 })
		close(accept)
	}()
	inParallel(16, func() {
		session := client.Create()
		check(t, session.Set("key", strings.Repeat("x", 300_000)))
		check(t, session.Save(patient(t)))
	})
}

func TestARequestThatIsTooLargeHarmsNoOther(t *testing.T) {
	onlyPipeline(t)
	fake := startFake(t, whole)
	client := dial(t, fake.address)
	session, large := changed(t, client), open(t, client)
	check(t, large.Set("large", strings.Repeat("x", 5<<20)))
	expectCode(t, large.Save(patient(t)), sidecar.CodeSessionTooLarge)
	check(t, session.Save(patient(t)))
	expectCounts(t, fake, 1, 0)
}

func TestACallBringsItsDeadlineAndMetadata(t *testing.T) {
	onlyPipeline(t)
	fake := startFake(t, whole)
	add := func(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		return invoke(metadata.AppendToOutgoingContext(ctx, "traceparent", "00-trace", "tracestate", "a=1", "tracestate", "b=2"), method, request, reply, conn, options...)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	_, err := dial(t, fake.address, grpc.WithChainUnaryInterceptor(add)).Open(ctx, "token")
	check(t, err)
	arrived := fake.received()[0]
	if arrived.left <= 5*time.Minute || arrived.left > 10*time.Minute+time.Millisecond {
		t.Errorf("the deadline is in %v", arrived.left)
	}
	if fmt.Sprint(arrived.metadata["traceparent"], arrived.metadata["tracestate"]) != "[00-trace] [a=1,b=2]" {
		t.Errorf("the metadata is %v", arrived.metadata)
	}
	expectCounts(t, fake, 1, 0)
}
