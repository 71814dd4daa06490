package clienttest

import (
	"sync"
	"testing"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// fakeStream is one Pipeline stream as a sidecar sees it.
type fakeStream struct {
	sessionv1.SessionService_PipelineServer
	fake   *fakeSidecar
	number int // from 1

	mu     sync.Mutex
	frames []*sessionv1.PipelineRequest
	ended  bool // by the client
}

func (f *fakeSidecar) Pipeline(server sessionv1.SessionService_PipelineServer) error {
	stream := &fakeStream{SessionService_PipelineServer: server, fake: f}
	f.mu.Lock()
	f.streams = append(f.streams, stream)
	stream.number = len(f.streams)
	f.mu.Unlock()
	if f.serve != nil {
		return f.serve(stream)
	}
	return stream.answerAll()
}

func (f *fakeSidecar) streamCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.streams)
}

func (f *fakeSidecar) unaryCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unary
}

// accept tells the client that calls may be sent.
func (s *fakeStream) accept() error { return s.SendHeader(nil) }

// answerAll accepts the stream, and answers each call as the sidecar does.
func (s *fakeStream) answerAll() error {
	return s.serveCalls(func(arrived *sessionv1.PipelineCall) error {
		go s.answer(arrived)
		return nil
	})
}

// serveCalls accepts the stream and hands out the calls on it, until the client ends it or a call ends it with an error.
func (s *fakeStream) serveCalls(serve func(*sessionv1.PipelineCall) error) error {
	if err := s.accept(); err != nil {
		return err
	}
	return s.readCalls(serve)
}

func (s *fakeStream) readCalls(serve func(*sessionv1.PipelineCall) error) error {
	for {
		frame, err := s.next()
		if err != nil {
			return nil
		}
		for _, arrived := range frame.Calls {
			if err := serve(arrived); err != nil {
				return err
			}
		}
	}
}

// next waits for a frame.
func (s *fakeStream) next() (*sessionv1.PipelineRequest, error) {
	frame, err := s.Recv()
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.ended = true
		return nil, err
	}
	s.frames = append(s.frames, frame)
	return frame, nil
}

func (s *fakeStream) describe(arrived *sessionv1.PipelineCall) call {
	own, _ := metadata.FromIncomingContext(s.Context())
	return call{arrived.Method, metadata.Join(own, metadata.New(arrived.Metadata)), time.Duration(arrived.TimeoutMs) * time.Millisecond}
}

// answer gives the reply that the test wants.
func (s *fakeStream) answer(arrived *sessionv1.PipelineCall) {
	described := s.describe(arrived)
	reply, err := s.fake.answer(s.fake.note(described), described)
	if refusal, ok := err.(*refusal); ok {
		err = refusal.status()
	}
	if err != nil {
		s.reply(&sessionv1.PipelineReply{Id: arrived.Id, Outcome: &sessionv1.PipelineReply_Error{Error: status.Convert(err).Proto()}})
		return
	}
	encoded, err := proto.Marshal(reply.(proto.Message))
	if err != nil {
		panic(err)
	}
	s.reply(&sessionv1.PipelineReply{Id: arrived.Id, Outcome: &sessionv1.PipelineReply_Response{Response: encoded}})
}

func (s *fakeStream) reply(replies ...*sessionv1.PipelineReply) {
	s.send(&sessionv1.PipelineResponse{Replies: replies})
}

func (s *fakeStream) announceDraining() { s.send(&sessionv1.PipelineResponse{Draining: true}) }

func (s *fakeStream) send(frame *sessionv1.PipelineResponse) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.Send(frame)
}

// arrived are the calls of a method on all streams, whether or not they were answered.
func (f *fakeSidecar) arrived(method string) (calls []*sessionv1.PipelineCall) {
	f.mu.Lock()
	streams := append([]*fakeStream(nil), f.streams...)
	f.mu.Unlock()
	for _, stream := range streams {
		for _, each := range stream.arrivedCalls() {
			if each.Method == method {
				calls = append(calls, each)
			}
		}
	}
	return calls
}

// forget frees what it has kept of the calls.
func (f *fakeSidecar) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = nil
	for _, stream := range f.streams {
		stream.mu.Lock()
		stream.frames = nil
		stream.mu.Unlock()
	}
}

// arrivedCalls are all calls so far.
func (s *fakeStream) arrivedCalls() (calls []*sessionv1.PipelineCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, frame := range s.frames {
		calls = append(calls, frame.Calls...)
	}
	return calls
}

// cancelledIDs are those of all calls that the client has cancelled so far.
func (s *fakeStream) cancelledIDs() (ids []uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, frame := range s.frames {
		ids = append(ids, frame.Cancelled...)
	}
	return ids
}

func (s *fakeStream) isEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// eventually waits for what another goroutine is about to do.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !isSo(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
		time.Sleep(time.Millisecond)
	}
}

func refuse(code codes.Code) func(*fakeStream) error {
	return func(*fakeStream) error { return status.Error(code, "no streams here") }
}
