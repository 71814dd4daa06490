package clienttest

import (
	"errors"
	"fmt"
	"strings"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

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

// execute runs a call and sends the reply, unless replies are held.
func (w *cacheWorld) execute(stream *fakeStream, call *sessionv1.PipelineCall) {
	w.mu.Lock()
	defer w.mu.Unlock()
	message, err := w.apply(call)
	reply := replyTo(call, message, err)
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
		request := requestOf(call, &sessionv1.GetSessionRequest{})
		if handle, isOther := strings.CutSuffix(request.Token, "other"); isOther {
			return &sessionv1.GetSessionResponse{Session: &sessionv1.Session{Handle: handle, Version: 1}, LiveMs: w.liveMs, Etag: []byte("1")}, nil
		}
		return w.get(request.Etag), nil
	case "UpdateSession":
		return w.update(requestOf(call, &sessionv1.UpdateSessionRequest{})), w.failure
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

// answerUnary answers unary calls.
func (w *cacheWorld) answerUnary(_ int, call call) (any, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if call.method != "GetSession" {
		return nil, errors.New("not expected")
	}
	return w.get(nil), nil
}

// report reports a change on the last stream. The caller holds mu.
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

// requestedClock returns the clock of the last request for confirmation.
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

func (w *cacheWorld) reportNow() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.report(w.session.Version)
}

// reportAll reports that any session may have changed.
func (w *cacheWorld) reportAll() { w.sendReport(&sessionv1.PipelineResponse{AllChanged: true}) }
