package sidecar

import (
	"context"
	"math"
	"runtime"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

const (
	// maxFrameCalls lets the sidecar work on one frame while the client writes the next. A frame has a fixed cost of a few calls, so
	// larger frames would save little.
	maxFrameCalls = 32
	// maxFrameBytes is the maximum size of a frame with more than one call.
	maxFrameBytes = 1 << 20
)

// pipelineStream is one Pipeline stream that the sidecar has accepted. While it is pipeline.stream, it takes new calls. Once it is
// retired, it takes none, and ends when the calls sent on it are answered. Its fields are guarded by pipeline.mu.
type pipelineStream struct {
	grpc.BidiStreamingClient[sessionv1.PipelineRequest, sessionv1.PipelineResponse]
	cancel context.CancelFunc
	peer   *peer.Peer
	token  string // the API token that it was opened with

	wake      chan struct{}           // wakes the sending goroutine
	calls     map[uint32]*pendingCall // calls in flight
	lastID    uint32
	cancelled []uint32 // for the next frame
	confirm   uint64   // for the next frame; 0: no request
	retired   bool
}

// run sends and receives until the stream ends.
func (p *pipeline) run(s *pipelineStream) {
	p.running.Add(2)
	go func() {
		defer p.running.Done()
		p.send(s)
	}()
	go func() {
		defer p.running.Done()
		p.receive(s)
	}()
}

func (p *pipeline) send(s *pipelineStream) {
	for {
		select {
		case <-s.wake:
		case <-s.Context().Done():
			return
		}
		for {
			// Lets goroutines that are ready to run, for example with a reply, make their next calls, which then share the frame.
			runtime.Gosched()
			frame, isLast := p.nextFrame(s)
			if isLast {
				_ = s.CloseSend()
				return
			}
			if frame == nil {
				break
			}
			if s.Send(frame) != nil {
				// The receiving goroutine gets the reason.
				return
			}
		}
	}
}

// nextFrame returns the next frame to send, or nil if there is nothing to send. isLast means that the stream can be ended.
func (p *pipeline) nextFrame(s *pipelineStream) (frame *sessionv1.PipelineRequest, isLast bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	frame = &sessionv1.PipelineRequest{Cancelled: s.cancelled}
	s.cancelled = nil
	// The stream may have been retired, or have ended, since the sender was woken.
	if p.stream == s {
		frame.Calls = p.takeCalls(s)
		frame.Confirm, s.confirm = s.confirm, 0
	}
	if len(frame.Calls)+len(frame.Cancelled) > 0 || frame.Confirm != 0 {
		return frame, false
	}
	return nil, s.retired && len(s.calls) == 0
}

func (p *pipeline) takeCalls(s *pipelineStream) []*sessionv1.PipelineCall {
	var calls []*sessionv1.PipelineCall
	bytes := 0
	now := time.Now()
	for element := p.outbox.Front(); element != nil && len(calls) < maxFrameCalls; {
		pending := element.Value.(*pendingCall)
		element = element.Next()
		timeout, isOverdue := timeoutOf(pending.ctx, now)
		if isOverdue {
			// Its caller will abandon it.
			continue
		}
		bytes += pending.bytes
		if len(calls) > 0 && bytes > maxFrameBytes {
			break
		}
		p.outbox.Remove(pending.queued)
		pending.queued = nil
		pending.stream = s
		pending.call.Id, pending.call.TimeoutMs = s.newID(), timeout
		s.calls[pending.call.Id] = pending
		calls = append(calls, pending.call)
	}
	return calls
}

// timeoutOf returns the time left for a call, in milliseconds as frames carry it; 0: no deadline.
func timeoutOf(ctx context.Context, now time.Time) (timeout uint32, isOverdue bool) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return 0, ctx.Err() != nil
	}
	left := deadline.Sub(now)
	if left <= 0 || ctx.Err() != nil {
		return 0, true
	}
	milliseconds := (left + time.Millisecond - 1) / time.Millisecond
	return uint32(min(milliseconds, math.MaxUint32)), false
}

func (s *pipelineStream) newID() uint32 {
	for {
		s.lastID++
		if _, isUsed := s.calls[s.lastID]; !isUsed {
			return s.lastID
		}
	}
}

func (s *pipelineStream) cancelCall(id uint32) {
	delete(s.calls, id)
	s.cancelled = append(s.cancelled, id)
	s.wakeUp()
}

// confirm subscribes the stream to reports of changes, and requests confirmation of those made until clock: the current time by the
// caller's own clock, in milliseconds, at least 1. It does nothing while there is no stream.
func (p *pipeline) confirm(clock uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stream != nil {
		p.stream.confirm = clock
		p.stream.wakeUp()
	}
}

func (s *pipelineStream) wakeUp() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (p *pipeline) receive(s *pipelineStream) {
	for {
		frame, err := s.Recv()
		if err != nil {
			p.ended(s, err)
			return
		}
		p.received(s, frame)
	}
}

func (p *pipeline) received(s *pipelineStream, frame *sessionv1.PipelineResponse) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listener != nil && p.stream == s {
		p.listener.reported(frame)
	}
	for _, reply := range frame.Replies {
		// A reply without a call is for one that was abandoned.
		if pending := s.calls[reply.Id]; pending != nil {
			delete(s.calls, reply.Id)
			pending.done <- outcome{reply: reply}
		}
	}
	if frame.Draining {
		p.retire(s)
	}
	if s.retired && len(s.calls) == 0 {
		s.wakeUp()
	}
}

// retire moves new calls to another stream. The calls in flight on this one are still answered.
func (p *pipeline) retire(s *pipelineStream) {
	s.retired = true
	s.wakeUp()
	if p.stream == s {
		p.lose()
		p.flush()
	}
}

// lose stops using the stream that takes new calls.
func (p *pipeline) lose() {
	p.stream = nil
	if p.listener != nil {
		p.listener.streamLost()
	}
}

// ended fails the calls in flight on a stream that has ended.
func (p *pipeline) ended(s *pipelineStream, cause error) {
	s.cancel()
	p.mu.Lock()
	defer p.mu.Unlock()
	err := errClosed
	if p.state != closed {
		// The status that ended the stream says nothing about its calls.
		err = status.Errorf(codes.Unavailable, "the stream ended before the reply arrived: %s", status.Convert(cause).Message())
	}
	for id, pending := range s.calls {
		delete(s.calls, id)
		pending.done <- outcome{err: err}
	}
	if p.stream == s {
		p.lose()
		p.reopen.failed(cause)
		p.flush()
	}
}
