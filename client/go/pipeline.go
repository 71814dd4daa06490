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

// maxPipelinedBytes is what a sidecar accepts in one frame, less some room for the frame itself. A larger one would end the stream
// for all calls on it.
const maxPipelinedBytes = 4<<20 - 1024

// pipeline carries calls over one stream, at a fraction of the cost of one HTTP/2 request per call. While there is no stream, calls
// wait for one until their deadline. Calls that were sent when a stream breaks fail with UNAVAILABLE, because it is unknown whether
// they were applied.
type pipeline struct {
	stub  sessionv1.SessionServiceClient // of the connection itself
	token *apiToken                      // nil: none
	// listener is told of changes to sessions; nil: none.
	listener changeListener

	// ctx ends when the client is closed, and running is what it waits for then.
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	state  pipelineState
	outbox list.List       // of *pendingCall: not sent yet, oldest first
	stream *pipelineStream // that takes new calls; nil: none
	// connecting is whether a goroutine opens one.
	connecting bool
	attempts   int // to open one, so far
	reopen     reopenBackoff
}

// changeListener is told what the stream that takes new calls reports about changes to sessions. It is called with pipeline.mu.
type changeListener interface {
	// streamOpened returns the clock to request confirmation with. The stream reports nothing before it was requested.
	streamOpened() (clock uint64)
	// reported comes before the replies of the same frame.
	reported(frame *sessionv1.PipelineResponse)
	// streamLost means that what this stream would have reported from now on is lost.
	streamLost()
}

// pipelineState is what happens to new calls.
type pipelineState int

const (
	pipelined    pipelineState = iota
	unaryForNow                // an answer to the opening of a stream is overdue
	unaryForGood               // the sidecar is too old to know Pipeline, or something on the way forbids it
	closed
)

// pendingCall is a call that was made and not answered.
type pendingCall struct {
	ctx   context.Context
	call  *sessionv1.PipelineCall // id and timeout are set when it is sent
	bytes int                     // its size in a frame
	token string                  // the API token it was made with
	done  chan outcome            // gets one

	// Guarded by pipeline.mu:
	queued   *list.Element   // its place in the outbox; nil: none
	attempts int             // to open a stream, before it was queued
	stream   *pipelineStream // it was sent on; nil: not sent
}

// outcome is the reply to a call, or the error that it failed with.
type outcome struct {
	reply *sessionv1.PipelineReply
	err   error
}

func newPipeline(token *apiToken) *pipeline {
	p := &pipeline{token: token}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	return p
}

// intercept makes a call over the stream, or by itself where the stream cannot carry it.
func (p *pipeline) intercept(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	byItself := func() error {
		err := invoke(ctx, method, request, response, conn, options...)
		endLiveness(response)
		return err
	}
	pending := newPendingCall(ctx, method, request, options)
	if pending == nil {
		return byItself()
	}
	if p.token != nil {
		var err error
		if pending.token, err = p.token.current(); err != nil {
			return err
		}
	}
	if !p.add(pending) {
		return byItself()
	}
	result := p.await(pending)
	if result.err == errNotPipelined {
		return byItself()
	}
	if pending.stream != nil {
		reportPeer(options, pending.stream.peer)
	}
	return result.read(response.(proto.Message))
}

// endLiveness is about a reply that did not come on the stream: another sidecar may have sent it, whose changes the stream does not
// report.
func endLiveness(response any) {
	switch response := response.(type) {
	case *sessionv1.GetSessionResponse:
		response.LiveMs = 0
	case *sessionv1.UpdateSessionResponse:
		response.LiveMs = 0
	}
}

// newPendingCall is nil for a call that the stream cannot carry.
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

// fitPipeline is false for options that only a call made by itself can have.
func fitPipeline(options []grpc.CallOption) bool {
	for _, option := range options {
		switch option.(type) {
		case grpc.StaticMethodCallOption, grpc.FailFastCallOption, grpc.MaxRecvMsgSizeCallOption, grpc.PeerCallOption, grpc.TrailerCallOption:
			// Those of every call of this package. The stream has them too, and its replies have no trailers.
		default:
			return false
		}
	}
	return true
}

// pipelineMetadata is the metadata of a call; false if only a call made by itself can have it.
func pipelineMetadata(ctx context.Context) (map[string]string, bool) {
	outgoing, ok := metadata.FromOutgoingContext(ctx)
	if !ok {
		return nil, true
	}
	pairs := make(map[string]string, len(outgoing))
	for key, values := range outgoing {
		value := strings.Join(values, ",")
		// The sidecar looks for credentials in the metadata of the stream, and values are text.
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

// reportPeer reports that a call was sent, and to which address, as gRPC does.
func reportPeer(options []grpc.CallOption, receiver *peer.Peer) {
	for _, option := range options {
		if option, ok := option.(grpc.PeerCallOption); ok {
			*option.PeerAddr = *receiver
		}
	}
}

// add lets a call wait for a frame. False if the call must be made by itself.
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

// await returns the outcome of a call, at the latest soon after its context has ended.
func (p *pipeline) await(pending *pendingCall) outcome {
	select {
	case result := <-pending.done:
		return result
	case <-pending.ctx.Done():
		p.abandon(pending)
		return <-pending.done
	}
}

// abandon ends a call whose context has ended, unless it has an outcome, in the sidecar too.
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

// settleAllQueued ends the calls that were not sent, or some of them.
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

// close ends all calls, and returns when nothing runs any more.
func (p *pipeline) close() {
	p.mu.Lock()
	p.state = closed
	p.settleAllQueued(outcome{err: errClosed}, everyCall)
	p.mu.Unlock()
	p.cancel()
	p.running.Wait()
}

// read decodes a reply, with the errors that gRPC gives for a call made by itself.
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
