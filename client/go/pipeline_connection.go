package sidecar

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// openTimeout is how long the sidecar may take to accept a stream on an open connection. It exceeds the time after which the
// connectionMonitor replaces a connection that is silent, so past it the sidecar answers, but not to this.
const openTimeout = time.Second

var (
	errClosed = status.Error(codes.Canceled, "the client is closed")
	// errNotPipelined is the outcome of a call that must be made as a unary call.
	errNotPipelined = errors.New("not pipelined")
)

// flush sends the queued calls, or opens a stream for them. The caller holds p.mu.
func (p *pipeline) flush() {
	switch {
	case p.outbox.Len() == 0 || p.state == closed:
	case p.stream != nil:
		p.stream.wakeUp()
	case !p.connecting:
		p.connecting = true
		p.running.Add(1)
		go func() {
			defer p.running.Done()
			p.connect()
		}()
	}
}

// connect tries once to open a stream, after a pause if the last attempt failed.
func (p *pipeline) connect() {
	p.mu.Lock()
	pause, hasFailed := p.reopen.pause(), p.reopen.failure != nil
	p.mu.Unlock()
	select {
	case <-time.After(pause):
	case <-p.ctx.Done():
	}
	p.mu.Lock()
	p.attempts++
	p.mu.Unlock()
	// Without a connection, the first attempt fails and yields the reason. Later attempts wait for a connection.
	p.connected(p.open(grpc.WaitForReady(hasFailed)))
}

// open opens a stream and waits until the sidecar has accepted it.
func (p *pipeline) open(options ...grpc.CallOption) (*pipelineStream, error) {
	s := &pipelineStream{wake: make(chan struct{}, 1), calls: map[uint32]*pendingCall{}}
	if p.token != nil {
		var err error
		if s.token, err = p.token.current(); err != nil {
			return s, err
		}
	}
	ctx, cancel := context.WithCancel(p.ctx)
	s.cancel = cancel
	var err error
	if s.BidiStreamingClient, err = p.stub.Pipeline(ctx, options...); err == nil {
		overdue := time.AfterFunc(openTimeout, p.bypass)
		err = accepted(s.BidiStreamingClient)
		overdue.Stop()
	}
	if err != nil {
		cancel()
		return s, err
	}
	s.peer, _ = peer.FromContext(s.Context())
	return s, nil
}

// accepted waits until the sidecar accepts a stream, or returns why it rejects it.
func accepted(stream sessionv1.SessionService_PipelineClient) error {
	header, err := stream.Header()
	if err != nil || header != nil {
		return err
	}
	if _, err = stream.Recv(); err == nil || err == io.EOF {
		err = status.Error(codes.Unavailable, "the stream ended before it was accepted")
	}
	return err
}

// bypass makes calls unary while the sidecar answers on the connection but not to the opening of a stream: a proxy holds streams back.
func (p *pipeline) bypass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	// If the attempt ended while the timer waited for the lock, nothing would end this state.
	if p.state == pipelined && p.connecting {
		p.state = unaryForNow
		p.settleAllQueued(outcome{err: errNotPipelined}, everyCall)
	}
}

// connected handles the result of an attempt to open a stream, and starts the next attempt if calls still wait.
func (p *pipeline) connected(s *pipelineStream, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == closed {
		if err == nil {
			s.cancel()
		}
		return
	}
	if p.state == unaryForNow {
		p.state = pipelined
	}
	switch status.Code(err) {
	case codes.OK:
		p.stream = s
		p.reopen = reopenBackoff{}
		if p.listener != nil {
			s.confirm = p.listener.streamOpened()
		}
		p.run(s)
	case codes.Unimplemented, codes.PermissionDenied:
		p.state = unaryForGood
		p.settleAllQueued(outcome{err: errNotPipelined}, everyCall)
	case codes.Unauthenticated:
		// The same token would be rejected again. Calls made since the attempt began may have another one.
		p.settleAllQueued(outcome{err: err}, func(pending *pendingCall) bool { return pending.attempts < p.attempts })
	case codes.Unavailable, codes.ResourceExhausted, codes.DeadlineExceeded, codes.Canceled:
		p.reopen.failed(err)
	default:
		// Unary calls may still succeed.
		p.settleAllQueued(outcome{err: errNotPipelined}, everyCall)
	}
	p.connecting = false
	p.flush()
}

// reopenBackoff determines the pauses between attempts to open a stream. gRPC itself paces the attempts to connect.
type reopenBackoff struct {
	failures int   // consecutive failures
	failure  error // the last failure; nil: none
}

const (
	firstReopenPause = 20 * time.Millisecond
	maxReopenPause   = 100 * time.Millisecond
	// maxRequestedPause limits the pause that the sidecar can request.
	maxRequestedPause = time.Second
)

func (b *reopenBackoff) failed(err error) {
	b.failures++
	b.failure = err
}

// pause returns a random pause, so that clients do not reconnect all at once, but at least what the sidecar requested.
func (b *reopenBackoff) pause() time.Duration {
	if b.failure == nil {
		return 0
	}
	longest := min(firstReopenPause<<min(b.failures-1, 8), maxReopenPause)
	return max(rand.N(longest), min(requestedPause(b.failure), maxRequestedPause))
}

func requestedPause(err error) time.Duration {
	for _, detail := range status.Convert(err).Details() {
		if retry, ok := detail.(*errdetails.RetryInfo); ok {
			return retry.RetryDelay.AsDuration()
		}
	}
	return 0
}
