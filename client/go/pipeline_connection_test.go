package sidecar

import (
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestAnOverdueAttemptThatHasEndedDoesNotEndTheUseOfStreams(t *testing.T) {
	p := newPipeline(nil)
	p.connecting = true
	p.connected(nil, status.Error(codes.Unavailable, "refused"))
	p.bypass()
	if p.state != pipelined {
		t.Errorf("the state is %d: calls are made by themselves, and no attempt is left to end that", p.state)
	}
}
