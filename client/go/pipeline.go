package sidecar

import (
	"container/list"
	"context"
	"strings"
	"sync"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
)

// maxPipelinedBytes is the maximum size of a frame in the sidecar, less some room for the frame itself. A larger frame would end the
// stream for all its calls.
const maxPipelinedBytes = 4<<20 - 1024

// pipeline carries all calls over one stream, which costs a fraction of an HTTP/2 request for each call. While there is no stream,
// calls wait for one until their deadline. When a stream breaks, the calls that were sent on it fail with UNAVAILABLE, because it is
// unknown whether they were applied.
type pipeline struct {
	stub     sessionv1.SessionServiceClient // opens streams
	token    *apiToken                      // nil: none
	listener changeListener                 // nil: none

	// ctx ends when the client is closed. Closing waits for the goroutines of running.
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	state  pipelineState
	outbox list.List       // of *pendingCall: calls that were not sent yet, oldest first
	stream *pipelineStream // takes new calls; nil: none
	// connecting is whether a goroutine is opening a stream.
	connecting bool
	attempts   int // number of attempts to open a stream
	reopen     reopenBackoff
}

// changeListener receives the reports of changes on the stream that takes new calls. Its methods are called with pipeline.mu held.
type changeListener interface {
	// streamOpened returns the clock to request confirmation with. The request subscribes the stream to reports.
	streamOpened() (clock uint64)
	// reported is called before the replies of the same frame are delivered.
	reported(frame *sessionv1.PipelineResponse)
	// streamLost means that no further report of this stream will be delivered.
	streamLost()
}

// pipelineState says what happens to new calls.
type pipelineState int

const (
	pipelined    pipelineState = iota
	unaryForNow                // the sidecar has not accepted a stream in time; a later answer ends this state
	unaryForGood               // the sidecar does not support Pipeline, or a proxy rejects it
	closed
)

// pendingCall is a call that was made and not answered.
type pendingCall struct {
	ctx   context.Context
	call  *sessionv1.PipelineCall // id and timeout are set when it is sent
	bytes int                     // size in a frame
	token string                  // the API token that it was made with
	done  chan outcome            // receives exactly one

	// Guarded by pipeline.mu:
	queued   *list.Element   // position in the outbox; nil: not in it
	attempts int             // pipeline.attempts when it was queued
	stream   *pipelineStream // the stream that it was sent on; nil: not sent
}

// outcome is the reply to a call, or the error that the call failed with.
type outcome struct {
	reply *sessionv1.PipelineReply
	err   error
}

func newPipeline(token *apiToken) *pipeline {
	p := &pipeline{token: token}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// intercept makes a call over the stream, or as a unary call if the stream cannot carry it.
func (p *pipeline) intercept(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	unary := func() error {
		err := invoke(ctx, method, request, response, conn, options...)
		endLiveness(response)
		return err
	}
	pending := newPendingCall(ctx, method, request, options)
	if pending == nil {
		return unary()
	}
	if p.token != nil {
		var err error
		if pending.token, err = p.token.current(); err != nil {
			return err
		}
	}
	if !p.add(pending) {
		return unary()
	}
	result := p.await(pending)
	if result.err == errNotPipelined {
		return unary()
	}
	if pending.stream != nil {
		reportPeer(options, pending.stream.peer)
	}
	return result.read(response.(proto.Message))
}

// endLiveness makes the session in a unary reply not live. Another sidecar may have sent that reply, whose changes the stream does not
// report.
func endLiveness(response any) {
	switch response := response.(type) {
	case *sessionv1.GetSessionResponse:
		response.LiveMs = 0
	case *sessionv1.UpdateSessionResponse:
		response.LiveMs = 0
	}
}

// newPendingCall returns nil for a call that the stream cannot carry.
func newPendingCall(ctx context.Context, method string, request any, options []grpc.CallOption) *pendingCall {
	name, isOurs := strings.CutPrefix(method, "/"+sessionv1.SessionService_ServiceDesc.ServiceName+"/")
	if !isOurs || name == pingMethod || !fitPipeline(options) {
		return nil
	}
	pairs, fit := pipelineMetadata(ctx)
	encoded, err := proto.Marshal(request.(proto.Message))
	if !fit || err != nil {
		return nil
	}
	call := &sessionv1.PipelineCall{Method: name, Request: encoded, Metadata: pairs}
	bytes := proto.Size(call)
	if bytes > maxPipelinedBytes {
		return nil
	}
	return &pendingCall{ctx: ctx, call: call, bytes: bytes, done: make(chan outcome, 1)}
}

// fitPipeline reports whether the stream can carry a call with these options.
func fitPipeline(options []grpc.CallOption) bool {
	for _, option := range options {
		switch option.(type) {
		case grpc.StaticMethodCallOption, grpc.FailFastCallOption, grpc.MaxRecvMsgSizeCallOption, grpc.PeerCallOption, grpc.TrailerCallOption:
			// This package sets these on every call. They have the same effect on the stream, whose replies have no trailers.
		default:
			return false
		}
	}
	return true
}

// pipelineMetadata returns the metadata of a call, and false if the stream cannot carry it.
func pipelineMetadata(ctx context.Context) (map[string]string, bool) {
	outgoing, ok := metadata.FromOutgoingContext(ctx)
	if !ok {
		return nil, true
	}
	pairs := make(map[string]string, len(outgoing))
	for key, values := range outgoing {
		value := strings.Join(values, ",")
		// The sidecar reads credentials from the metadata of the stream only, and frames carry no binary values.
		if key == "authorization" || strings.HasSuffix(key, "-bin") || !isPrintable(key+value) {
			return nil, false
		}
		pairs[key] = value
	}
	return pairs, true
}

func isPrintable(text string) bool {
	return strings.IndexFunc(text, func(char rune) bool { return char < ' ' || char > '~' }) < 0
}

// reportPeer sets the peer of a call that was sent, as gRPC does for unary calls.
func reportPeer(options []grpc.CallOption, receiver *peer.Peer) {
	for _, option := range options {
		if option, ok := option.(grpc.PeerCallOption); ok {
			*option.PeerAddr = *receiver
		}
	}
}

// add queues a call for the next frame. It returns false if the call must be made as a unary call.
func (p *pipeline) add(pending *pendingCall) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch p.state {
	case unaryForNow, unaryForGood:
		return false
	case closed:
		pending.done <- outcome{err: errClosed}
		return true
	}
	if p.stream != nil && p.stream.token != pending.token {
		p.retire(p.stream)
	}
	pending.queued, pending.attempts = p.outbox.PushBack(pending), p.attempts
	p.flush()
	return true
}

// await returns the outcome of a call. It returns soon after the context of the call has ended.
func (p *pipeline) await(pending *pendingCall) outcome {
	select {
	case result := <-pending.done:
		return result
	case <-pending.ctx.Done():
		p.abandon(pending)
		return <-pending.done
	}
}

// abandon ends a call whose context has ended, in the sidecar too, unless the call has an outcome.
func (p *pipeline) abandon(pending *pendingCall) {
	p.mu.Lock()
	defer p.mu.Unlock()
	state := status.FromContextError(pending.ctx.Err())
	switch {
	case pending.queued != nil:
		if failure := p.reopen.failure; failure != nil {
			state = status.Newf(state.Code(), "%s while waiting for the sidecar: %s", state.Message(), status.Convert(failure).Message())
		}
		p.settleQueued(pending, outcome{err: state.Err()})
	case pending.stream != nil && pending.stream.calls[pending.call.Id] == pending:
		pending.stream.cancelCall(pending.call.Id)
		pending.done <- outcome{err: state.Err()}
	}
}

// settleQueued ends a call that was not sent.
func (p *pipeline) settleQueued(pending *pendingCall, result outcome) {
	p.outbox.Remove(pending.queued)
	pending.queued = nil
	pending.done <- result
}

// settleAllQueued ends those calls that were not sent for which isMeant returns true.
func (p *pipeline) settleAllQueued(result outcome, isMeant func(*pendingCall) bool) {
	for element := p.outbox.Front(); element != nil; {
		pending := element.Value.(*pendingCall)
		element = element.Next()
		if isMeant(pending) {
			p.settleQueued(pending, result)
		}
	}
}

func everyCall(*pendingCall) bool { return true }

// close ends all calls, and returns when all goroutines of the pipeline have ended.
func (p *pipeline) close() {
	p.mu.Lock()
	p.state = closed
	p.settleAllQueued(outcome{err: errClosed}, everyCall)
	p.mu.Unlock()
	p.cancel()
	p.running.Wait()
}

// read decodes a reply. Its errors are those of gRPC for a unary call.
func (o outcome) read(response proto.Message) error {
	if o.err != nil {
		return o.err
	}
	switch kind := o.reply.Outcome.(type) {
	case *sessionv1.PipelineReply_Response:
		if err := proto.Unmarshal(kind.Response, response); err != nil {
			return status.Errorf(codes.Internal, "grpc: failed to unmarshal the received message: %v", err)
		}
		return nil
	case *sessionv1.PipelineReply_Error:
		if err := status.ErrorProto(kind.Error); err != nil {
			return err
		}
	}
	return status.Error(codes.Internal, "the reply has no outcome")
}
