package clienttest

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

var endings = map[string]error{
	"UNAVAILABLE":        status.Error(codes.Unavailable, "broken"),
	"DRAINING":           (&refusal{status_: codes.Unavailable, reason: "DRAINING"}).status(),
	"INVALID_ARGUMENT":   status.Error(codes.InvalidArgument, "broken"),
	"RESOURCE_EXHAUSTED": status.Error(codes.ResourceExhausted, "broken"),
	"CANCELLED":          status.Error(codes.Canceled, "broken"),
	"UNIMPLEMENTED":      status.Error(codes.Unimplemented, "broken"),
	"UNAUTHENTICATED":    status.Error(codes.Unauthenticated, "broken"),
}

func TestCallsThatMustNotRunTwiceFailWhenTheirStreamBreaks(t *testing.T) {
	onlyPipeline(t)
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			fake := startStreams(t, breaking("UpdateSession", 9, ending))
			client := dial(t, fake.address)
			expectCode(t, changed(t, client).Save(patient(t)), sidecar.CodeUnavailable)
			open(t, client)
			if got := len(fake.arrived("UpdateSession")); got != 1 {
				t.Errorf("the update was sent %d times", got)
			}
			expectCounts(t, fake, 2, 0)
		})
	}
}

// heldStream is a stream whose sender is held after it has sent an update.
type heldStream struct {
	grpc.ClientStream
	hold <-chan struct{}
}

func (s heldStream) SendMsg(message any) error {
	err := s.ClientStream.SendMsg(message)
	for _, sent := range message.(*sessionv1.PipelineRequest).Calls {
		if sent.Method == "UpdateSession" {
			<-s.hold
			return nil
		}
	}
	return err
}

func TestAnEndedStreamTakesNoCall(t *testing.T) {
	onlyPipeline(t)
	accept, hold := make(chan struct{}), make(chan struct{})
	broken := breaking("UpdateSession", 2, status.Error(codes.Unavailable, "broken"))
	fake := startStreams(t, func(stream *fakeStream) error {
		if stream.number > 1 {
			<-accept
		}
		return broken(stream)
	})
	held := func(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
		stream, err := open(ctx, description, conn, method, options...)
		return heldStream{stream, hold}, err
	}
	client := dial(t, fake.address, grpc.WithChainStreamInterceptor(held))
	expectCode(t, changed(t, client).Save(patient(t)), sidecar.CodeUnavailable)
	opening := openLater(patient(t), client)
	eventually(t, "another stream", func() bool { return fake.streamCount() == 2 })
	close(hold)
	eventually(t, "the end of the first sender", func() bool { return goroutines("go.(*pipeline).send(") == 0 })
	close(accept)
	check(t, <-opening)
}

func TestIdempotentCallsAreSentAgainWhenTheirStreamBreaks(t *testing.T) {
	onlyPipeline(t)
	for name, ending := range endings {
		t.Run(name, func(t *testing.T) {
			fake := startStreams(t, breaking("GetSession", 3, ending))
			open(t, dial(t, fake.address))
			expectCounts(t, fake, 3, 0)
		})
	}
}

func TestCallsWaitWhileStreamsAreRejected(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, func(stream *fakeStream) error {
		if stream.number < 5 {
			return (&refusal{status_: codes.Unavailable, reason: "DRAINING"}).status()
		}
		return stream.answerAll()
	})
	client := dial(t, fake.address)
	check(t, changed(t, client).Save(patient(t)))
	expectCounts(t, fake, 5, 0)
	if got := len(fake.arrived("UpdateSession")); got != 1 {
		t.Errorf("the update was sent %d times", got)
	}
}

func TestStreamsAreReopenedNoSoonerThanTheSidecarRequests(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, func(stream *fakeStream) error {
		if stream.number == 1 {
			// The client waits at most a second.
			return (&refusal{status_: codes.Unavailable, reason: "OVERLOADED", retryAfter: time.Hour}).status()
		}
		return stream.answerAll()
	})
	client := dial(t, fake.address)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := client.Open(ctx, "token")
	expectCode(t, err, sidecar.CodeUnavailable)
	expectCounts(t, fake, 1, 0)
	open(t, client)
	expectCounts(t, fake, 2, 0)
}

func TestThereIsAPauseAfterEachRejectedStream(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, refuse(codes.Unavailable))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := dial(t, fake.address).Open(ctx, "token")
	expectCode(t, err, sidecar.CodeUnavailable)
	// About 20 on average; without a pause, hundreds.
	if got := fake.streamCount(); got < 2 || got > 80 {
		t.Errorf("%d streams were opened", got)
	}
}

func TestTheErrorOfACallWithoutAConnectionHasTheReason(t *testing.T) {
	onlyPipeline(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	_, err := dial(t, "unix:/nonexistent/session-sidecar.sock").Open(ctx, "token")
	expectCode(t, err, sidecar.CodeUnavailable)
	if err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("got %v", err)
	}
}

func TestARejectedAPITokenFailsTheWaitingCalls(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, func(*fakeStream) error {
		return (&refusal{status_: codes.Unauthenticated, reason: "API_TOKEN_INVALID"}).status()
	})
	client := dial(t, fake.address, sidecar.WithAPIToken(secret))
	_, err := client.Open(patient(t), "token")
	expectCode(t, err, sidecar.CodeAPITokenInvalid)
	expectCounts(t, fake, 1, 0)
}

func TestADrainingSidecarGetsNoNewCallsAndAnswersTheOthers(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, func(stream *fakeStream) error {
		if stream.number > 1 {
			return stream.answerAll()
		}
		return silent(stream)
	})
	client := dial(t, fake.address)
	either := make(chan error, 2)
	for range 2 {
		go func() { either <- <-openLater(patient(t), client) }()
	}
	eventually(t, "two calls", func() bool { return len(fake.arrived("GetSession")) == 2 })
	old := fake.streams[0]
	calls := old.arrivedCalls()
	old.announceDraining()
	// The client reads this reply after the announcement.
	old.answer(calls[0])
	check(t, <-either)
	open(t, client)
	expectCounts(t, fake, 2, 0)
	if old.isEnded() || len(old.arrivedCalls()) != 2 {
		t.Error("the old stream is ended, or got a new call")
	}
	old.answer(calls[1])
	check(t, <-either)
	eventually(t, "the end of the old stream", old.isEnded)
	open(t, client)
	expectCounts(t, fake, 2, 0)
}

func TestAStreamIsEndedWhenTheLastCallOfADrainingSidecarIsCancelled(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, silent)
	ctx, cancel := context.WithCancel(t.Context())
	opening := openLater(ctx, dial(t, fake.address))
	eventually(t, "the call", func() bool { return len(fake.arrived("GetSession")) == 1 })
	stream := fake.streams[0]
	stream.announceDraining()
	cancel()
	expectCode(t, <-opening, sidecar.CodeCancelled)
	eventually(t, "the end of the stream", stream.isEnded)
	if got := len(stream.cancelledIDs()); got != 1 {
		t.Errorf("%d calls were cancelled", got)
	}
}

func TestCallsInFlightAreAnsweredAfterAGoaway(t *testing.T) {
	onlyPipeline(t)
	fake := startStreams(t, silent)
	client := dial(t, fake.address)
	opening := openLater(patient(t), client)
	eventually(t, "the call", func() bool { return len(fake.arrived("GetSession")) == 1 })
	// It sends the GOAWAY, and waits for the end of the stream.
	go fake.server.GracefulStop()
	eventually(t, "the listener to close", func() bool {
		conn, err := net.Dial("tcp", fake.address)
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
	stream := fake.streams[0]
	stream.answer(stream.arrivedCalls()[0])
	check(t, <-opening)
	expectCounts(t, fake, 1, 0)
}

func TestCallsWaitWhileTheSidecarDoesNotRead(t *testing.T) {
	onlyPipeline(t)
	read := make(chan struct{})
	fake := startStreams(t, func(stream *fakeStream) error {
		if err := stream.accept(); err != nil {
			return err
		}
		<-read
		return stream.readCalls(func(arrived *sessionv1.PipelineCall) error {
			stream.answer(arrived)
			return nil
		})
	})
	client := dial(t, fake.address)
	large := strings.Repeat("x", 100_000)
	var outcomes []<-chan error
	for range 60 {
		outcomes = append(outcomes, background(func() error {
			_, err := client.Open(patient(t), large)
			return err
		}))
	}
	eventually(t, "the calls to wait", func() bool { return goroutines("await") == 60 })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := <-openLater(ctx, client); sidecar.CodeOf(err) != sidecar.CodeUnavailable {
		t.Errorf("a call that was not sent failed with %v", err)
	}
	close(read)
	for _, outcome := range outcomes {
		check(t, <-outcome)
	}
	if got := len(fake.arrived("GetSession")); got != 60 {
		t.Errorf("%d calls arrived", got)
	}
}
