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

// fakeStream is one Pipeline stream as the sidecar sees it.
type fakeStream struct {
	sessionv1.SessionService_PipelineServer
	fake   *fakeSidecar
	number int // from 1

	mu     sync.Mutex
	frames []*sessionv1.PipelineRequest
	ended  bool // whether the client has ended it
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

func startStreams(t *testing.T, serve func(*fakeStream) error) *fakeSidecar {
	t.Helper()
	return serveFake(t, listen(t, "127.0.0.1:0"), &fakeSidecar{answer: whole, serve: serve})
}

// silent accepts streams and answers no call.
func silent(stream *fakeStream) error {
	return stream.serveCalls(func(*sessionv1.PipelineCall) error { return nil })
}

func refuse(code codes.Code) func(*fakeStream) error {
	return func(*fakeStream) error { return status.Error(code, "no streams here") }
}

// breaking ends a stream with an error when a call of a method arrives, and answers other calls. It does not end the stream with the
// number streams.
func breaking(method string, streams int, err error) func(*fakeStream) error {
	return func(stream *fakeStream) error {
		return stream.serveCalls(func(arrived *sessionv1.PipelineCall) error {
			if arrived.Method == method && stream.number < streams {
				return err
			}
			stream.answer(arrived)
			return nil
		})
	}
}

// accept accepts the stream, so that the client sends calls.
func (s *fakeStream) accept() error { return s.SendHeader(nil) }

// answerAll accepts the stream, and lets the fake sidecar answer each call.
func (s *fakeStream) answerAll() error {
	return s.serveCalls(func(arrived *sessionv1.PipelineCall) error {
		go s.answer(arrived)
		return nil
	})
}

// serveCalls accepts the stream and passes its calls to serve, until the client ends the stream or serve returns an error.
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

// answer answers a call as the test wants.
func (s *fakeStream) answer(arrived *sessionv1.PipelineCall) {
	described := s.describe(arrived)
	reply, err := s.fake.answer(s.fake.note(described), described)
	if refusal, ok := err.(*refusal); ok {
		err = refusal.status()
	}
	s.reply(replyTo(arrived, reply, err))
}

// requestOf decodes the request of a call.
func requestOf[M proto.Message](call *sessionv1.PipelineCall, into M) M {
	if err := proto.Unmarshal(call.Request, into); err != nil {
		panic(err)
	}
	return into
}

// replyTo makes the reply to a call: a message, or the status of an error.
func replyTo(call *sessionv1.PipelineCall, message any, err error) *sessionv1.PipelineReply {
	reply := &sessionv1.PipelineReply{Id: call.Id}
	if err != nil {
		reply.Outcome = &sessionv1.PipelineReply_Error{Error: status.Convert(err).Proto()}
		return reply
	}
	encoded, err := proto.Marshal(message.(proto.Message))
	if err != nil {
		panic(err)
	}
	reply.Outcome = &sessionv1.PipelineReply_Response{Response: encoded}
	return reply
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

// arrivedCalls returns all calls so far.
func (s *fakeStream) arrivedCalls() (calls []*sessionv1.PipelineCall) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, frame := range s.frames {
		calls = append(calls, frame.Calls...)
	}
	return calls
}

// cancelledIDs returns the ids of all calls that the client has cancelled so far.
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
