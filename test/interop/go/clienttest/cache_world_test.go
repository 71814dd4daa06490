package clienttest

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

const (
	cachedHandle = "0123456789abcdefghijkl"
	cachedToken  = cachedHandle + "secret.signature"
)

// cacheWorld is a client with a cache, and a sidecar that has one session, whose steps a test takes.
type cacheWorld struct {
	*fakeSidecar
	t      *testing.T
	client *sidecar.Client
	end    chan struct{} // ends a stream

	mu         sync.Mutex
	session    *sessionv1.Session // nil: ended
	generation int
	liveMs     uint32
	isSilent   bool   // it does not answer requests for confirmation
	confirmed  int    // how often it has answered one
	clock      uint64 // what it confirms instead of what was requested; 0: that
	failure    error  // what updates fail with, though they are applied
	hasNoEtags bool
	// notModified is what it sends when a session has not changed.
	notModified *sessionv1.NotModified
	holds       bool // replies, in held
	held        []func()
}

func startCacheWorld(t *testing.T, options ...grpc.DialOption) *cacheWorld {
	t.Helper()
	onlyPipeline(t)
	w := &cacheWorld{t: t, liveMs: 3_600_000, end: make(chan struct{}), notModified: &sessionv1.NotModified{}}
	w.session = &sessionv1.Session{Handle: cachedHandle, CsrfToken: "csrf", Version: 1, Data: map[string][]byte{"count": []byte("0")}}
	w.fakeSidecar = serveFake(t, listen(t, "127.0.0.1:0"), &fakeSidecar{answer: w.answerUnary, serve: w.serveStream})
	w.client = dial(t, w.address, append(options, sidecar.WithCache(1<<24))...)
	return w
}

func (w *cacheWorld) serveStream(stream *fakeStream) error {
	if err := stream.accept(); err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() {
		for {
			frame, err := stream.next()
			if err != nil {
				failed <- nil
				return
			}
			w.confirm(stream, frame.Confirm)
			for _, call := range frame.Calls {
				go w.execute(stream, call)
			}
		}
	}()
	select {
	case err := <-failed:
		return err
	case <-w.end:
		return status.Error(codes.Unavailable, "the stream is lost")
	}
}

func (w *cacheWorld) confirm(stream *fakeStream, clock uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if clock == 0 || w.isSilent {
		return
	}
	if w.clock != 0 {
		clock = w.clock
	}
	w.confirmed++
	stream.send(&sessionv1.PipelineResponse{Confirmed: clock})
}

// execute carries out a call, and replies unless replies are held.
func (w *cacheWorld) execute(stream *fakeStream, call *sessionv1.PipelineCall) {
	w.mu.Lock()
	defer w.mu.Unlock()
	message, err := w.apply(call)
	reply := &sessionv1.PipelineReply{Id: call.Id}
	if err != nil {
		reply.Outcome = &sessionv1.PipelineReply_Error{Error: status.Convert(err).Proto()}
	} else {
		encoded, _ := proto.Marshal(message)
		reply.Outcome = &sessionv1.PipelineReply_Response{Response: encoded}
	}
	if w.holds {
		w.held = append(w.held, func() { stream.reply(reply) })
	} else {
		stream.reply(reply)
	}
}

func (w *cacheWorld) apply(call *sessionv1.PipelineCall) (proto.Message, error) {
	if w.session == nil {
		return nil, (&refusal{status_: codes.NotFound, reason: "SESSION_NOT_FOUND"}).status()
	}
	switch call.Method {
	case "GetSession":
		request := &sessionv1.GetSessionRequest{}
		_ = proto.Unmarshal(call.Request, request)
		if handle, isOther := strings.CutSuffix(request.Token, "other"); isOther {
			return &sessionv1.GetSessionResponse{Session: &sessionv1.Session{Handle: handle, Version: 1}, LiveMs: w.liveMs, Etag: []byte("1")}, nil
		}
		return w.get(request.Etag), nil
	case "UpdateSession":
		request := &sessionv1.UpdateSessionRequest{}
		_ = proto.Unmarshal(call.Request, request)
		response := w.update(request)
		return response, w.failure
	case "InvalidateSession":
		w.session = nil
		return &sessionv1.InvalidateSessionResponse{}, nil
	case "CreateSession":
		return wholeReply(call.Method).(proto.Message), nil
	}
	w.session.Version++
	return wholeReply(call.Method).(proto.Message), nil
}

func (w *cacheWorld) get(etag []byte) *sessionv1.GetSessionResponse {
	present := w.etag()
	if w.hasNoEtags {
		return &sessionv1.GetSessionResponse{Session: w.session}
	}
	if string(present) == string(etag) {
		return &sessionv1.GetSessionResponse{NotModified: w.notModified, LiveMs: w.liveMs, Etag: present}
	}
	return &sessionv1.GetSessionResponse{Session: w.session, LiveMs: w.liveMs, Etag: present}
}

func (w *cacheWorld) update(request *sessionv1.UpdateSessionRequest) *sessionv1.UpdateSessionResponse {
	isBase := string(w.etag()) == string(request.Etag)
	response := &sessionv1.UpdateSessionResponse{}
	for _, mutation := range request.Mutations {
		if set := mutation.GetSet(); set != nil {
			w.session.Data[set.Key] = set.Value
		}
		response.Results = append(response.Results, &sessionv1.MutationResult{Applied: true})
	}
	w.session.Version++
	response.Version = w.session.Version
	if isBase {
		response.LiveMs, response.Etag = w.liveMs, w.etag()
	}
	w.report(response.Version)
	return response
}

func (w *cacheWorld) etag() []byte {
	return fmt.Appendf(nil, "%d-%d", w.generation, w.session.Version)
}

// answerUnary answers calls that do not come on the stream.
func (w *cacheWorld) answerUnary(_ int, call call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if call.method != "GetSession" {
		return nil, errors.New("not expected")
	}
	return w.get(nil), nil
}

// report reports a change on the last stream. To be called with mu.
func (w *cacheWorld) report(version int64) {
	w.sendReport(&sessionv1.PipelineResponse{Changed: []*sessionv1.Change{{Handle: cachedHandle, Version: version}}})
}

func (w *cacheWorld) sendReport(frame *sessionv1.PipelineResponse) {
	w.stream(w.streamCount() - 1).send(frame)
}

func (w *cacheWorld) stream(number int) *fakeStream {
	w.fakeSidecar.mu.Lock()
	defer w.fakeSidecar.mu.Unlock()
	return w.streams[number]
}

// requestedClock is the last one that the client has requested confirmation with.
func (w *cacheWorld) requestedClock() (clock uint64) {
	stream := w.stream(w.streamCount() - 1)
	stream.mu.Lock()
	defer stream.mu.Unlock()
	for _, frame := range stream.frames {
		clock = max(clock, frame.Confirm)
	}
	return clock
}

// change changes the session elsewhere, without a report.
func (w *cacheWorld) change(count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session.Version++
	w.session.Data["count"] = fmt.Append(nil, count)
}

// changeAndReport returns when the client has the report.
func (w *cacheWorld) changeAndReport(count int) {
	w.t.Helper()
	w.change(count)
	w.reportNow()
	w.roundTrip()
}

func (w *cacheWorld) reportNow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report(w.session.Version)
}

// reportAll reports that anything may have changed.
func (w *cacheWorld) reportAll() { w.sendReport(&sessionv1.PipelineResponse{AllChanged: true}) }

// roundTrip returns when the client has processed whatever was sent on the stream.
func (w *cacheWorld) roundTrip() {
	w.t.Helper()
	session := w.client.Create()
	check(w.t, session.Set("key", 1))
	check(w.t, session.Save(patient(w.t)))
}

func (w *cacheWorld) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// hold keeps back the replies to the calls from now on.
func (w *cacheWorld) hold() { w.set(func() { w.holds = true }) }

// awaitHeld returns when that many replies are held.
func (w *cacheWorld) awaitHeld(count int) {
	w.t.Helper()
	eventually(w.t, "the calls", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.held) == count
	})
}

// release sends a reply that was held.
func (w *cacheWorld) release(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[number]()
}

func (w *cacheWorld) releaseAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, reply := range w.held {
		reply()
	}
	w.held, w.holds = nil, false
}
