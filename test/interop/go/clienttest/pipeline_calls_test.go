package clienttest

import (
	"context"
	"fmt"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestACallThatEndsEarlyIsCancelledAtTheSidecar(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, silent)
	client := dial(t, fake.address)
	for _, end := range []struct {
		code  sidecar.Code
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

func TestALateReplyIsDropped(t *testing.T) {
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
