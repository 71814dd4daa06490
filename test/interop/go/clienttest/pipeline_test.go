package clienttest

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// onlyPipeline is for tests about the stream itself.
func onlyPipeline(t *testing.T) {
	t.Helper()
	if isUnary {
		t.Skip("about the pipeline")
	}
}

func startStreams(t *testing.T, serve func(*fakeStream) error) *fakeSidecar {
	t.Helper()
	return serveFake(t, listen(t, "127.0.0.1:0"), &fakeSidecar{answer: whole, serve: serve})
}

// silent accepts streams and answers no call.
func silent(stream *fakeStream) error {
	return stream.serveCalls(func(*sessionv1.PipelineCall) error { return nil })
}

// background makes a call that the test goes on without.
func background(call func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	return done
}

func inParallel(times int, act func()) {
	var group sync.WaitGroup
	for range times {
		group.Add(1)
		go func() {
			defer group.Done()
			act()
		}()
	}
	group.Wait()
}

func openLater(ctx context.Context, client *sidecar.Client) <-chan error {
	return background(func() error {
		_, err := client.Open(ctx, "token")
		return err
	})
}

// changed is a session with something to save, which must not be sent twice.
func changed(t *testing.T, client *sidecar.Client) *sidecar.Session {
	t.Helper()
	session := open(t, client)
	check(t, session.Set("key", 1))
	return session
}

func expectCode(t *testing.T, err error, code string) {
	t.Helper()
	if sidecar.CodeOf(err) != code {
		t.Errorf("got %v instead of %q", err, code)
	}
}

func expectCounts(t *testing.T, fake *fakeSidecar, streams, unary int) {
	t.Helper()
	if fake.streamCount() != streams || fake.unaryCount() != unary {
		t.Errorf("%d streams and %d unary calls instead of %d and %d", fake.streamCount(), fake.unaryCount(), streams, unary)
	}
}

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

func TestEachCallIsARequestWithUnary(t *testing.T) {
	fake := startFake(t, whole)
	client := dial(t, fake.address, sidecar.WithUnary())
	open(t, client)
	open(t, client)
	expectCounts(t, fake, 0, 2)
}

func TestCallsAreMadeByThemselvesWhereStreamsAreRefused(t *testing.T) {
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

func TestCallsAreMadeByThemselvesUntilAStreamIsAccepted(t *testing.T) {
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

func TestACallThatNoFrameCanCarryIsMadeByItself(t *testing.T) {
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

func TestFramesAreNoLargerThanTheSidecarTakes(t *testing.T) {
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

func TestACallEndsAtItsDeadlineAndTheSidecarIsTold(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, silent)
	client := dial(t, fake.address)
	for _, end := range []struct {
		code  string
		begin func() (context.Context, context.CancelFunc)
	}{
		{sidecar.CodeDeadlineExceeded, func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(context.Background(), 200*time.Millisecond)
		}},
		{sidecar.CodeCancelled, func() (context.Context, context.CancelFunc) { return context.WithCancel(patient(t)) }},
	} {
		before := len(fake.arrived("GetSession"))
		ctx, cancel := end.begin()
		opening := openLater(ctx, client)
		eventually(t, "the call", func() bool { return len(fake.arrived("GetSession")) > before })
		if end.code == sidecar.CodeCancelled {
			cancel()
		}
		expectCode(t, <-opening, end.code)
		cancel()
		id := fake.arrived("GetSession")[before].Id
		stream := fake.streams[0]
		eventually(t, "the cancellation", func() bool { return fmt.Sprint(stream.cancelledIDs()[before:]) == fmt.Sprint([]uint32{id}) })
	}
	expectCounts(t, fake, 1, 0)
}

func TestAReplyThatComesTooLateIsOfNoCall(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, silent)
	client := dial(t, fake.address)
	ctx, cancel := context.WithCancel(patient(t))
	first := openLater(ctx, client)
	eventually(t, "the first call", func() bool { return len(fake.arrived("GetSession")) == 1 })
	cancel()
	expectCode(t, <-first, sidecar.CodeCancelled)
	second := openLater(patient(t), client)
	eventually(t, "the second call", func() bool { return len(fake.arrived("GetSession")) == 2 })
	calls := fake.arrived("GetSession")
	stream := fake.streams[0]
	stream.reply(&sessionv1.PipelineReply{Id: calls[0].Id, Outcome: &sessionv1.PipelineReply_Error{Error: status.New(codes.Internal, "late").Proto()}})
	stream.answer(calls[1])
	check(t, <-second)
}

func TestACallThatEndsBeforeThereIsAStreamIsNeverSent(t *testing.T) {
	onlyPipeline(t)
	reserved := listen(t, "127.0.0.1:0")
	address := reserved.Addr().String()
	check(t, reserved.Close())
	client := dial(t, address)
	ctx, cancel := context.WithCancel(t.Context())
	given, waiting := openLater(ctx, client), openLater(patient(t), client)
	eventually(t, "two calls to wait", func() bool { return goroutines("await") == 2 })
	cancel()
	expectCode(t, <-given, sidecar.CodeCancelled)
	fake := serveFake(t, listen(t, address), &fakeSidecar{answer: whole})
	check(t, <-waiting)
	if got := len(fake.received()); got != 1 {
		t.Errorf("%d calls were sent", got)
	}
}

func TestAReplyWithoutAnOutcomeIsAnError(t *testing.T) {
	onlyPipeline(t)
	for _, reply := range []*sessionv1.PipelineReply{
		{}, {Outcome: &sessionv1.PipelineReply_Response{Response: []byte{0xff}}}, {Outcome: &sessionv1.PipelineReply_Error{}},
	} {
		fake := startStreams(t, func(stream *fakeStream) error {
			return stream.serveCalls(func(arrived *sessionv1.PipelineCall) error {
				if arrived.Method != "InvalidateSession" {
					stream.answer(arrived)
					return nil
				}
				reply.Id = arrived.Id
				stream.reply(reply, &sessionv1.PipelineReply{Id: 1 << 31})
				return nil
			})
		})
		session := open(t, dial(t, fake.address))
		expectCode(t, session.Invalidate(patient(t)), sidecar.CodeInternal)
	}
}

func TestCloseEndsCallsAndLeavesNothingBehind(t *testing.T) {
	fake := startStreams(t, silent)
	absent := listen(t, "127.0.0.1:0")
	check(t, absent.Close())
	for _, address := range []string{fake.address, absent.Addr().String()} {
		client := dial(t, address)
		if isUnary && address == fake.address {
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

// slowStream takes its time to end.
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

// goroutines counts those that run a function whose name contains the text.
func goroutines(name string) int {
	count := 0
	for _, stack := range strings.Split(stacks(), "\n\n") {
		if strings.Contains(stack, name) {
			count++
		}
	}
	return count
}

func stacks() string {
	var text bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&text, 2)
	return text.String()
}
