package clienttest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

// recorder is a stats.Handler that records events, like one for tracing.
type recorder struct {
	mu     sync.Mutex
	events []string
}

type methodKey struct{}

func (r *recorder) TagRPC(ctx context.Context, info *stats.RPCTagInfo) context.Context {
	ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", "00-trace")
	return context.WithValue(ctx, methodKey{}, info.FullMethodName)
}

func (r *recorder) HandleRPC(ctx context.Context, event stats.RPCStats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := fmt.Sprintf("%v %T", ctx.Value(methodKey{}), event)
	if end, ok := event.(*stats.End); ok {
		text += " " + status.Code(end.Error).String()
	}
	r.events = append(r.events, text)
}

func (*recorder) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*recorder) HandleConn(context.Context, stats.ConnStats)                       {}

func TestAStatsHandlerSeesEachCallAndAddsMetadata(t *testing.T) {
	fake := startFake(t, failing("GetSession", 1, draining(0)))
	handler := &recorder{}
	open(t, dial(t, fake.address, sidecar.WithStatsHandler(handler)))
	const begin, end = "/session.v1.SessionService/GetSession *stats.Begin", "/session.v1.SessionService/GetSession *stats.End"
	if got, want := fmt.Sprint(handler.events), fmt.Sprint([]string{begin, end + " Unavailable", begin, end + " OK"}); got != want {
		t.Errorf("got %s", got)
	}
	for _, arrived := range fake.received() {
		if got := arrived.metadata.Get("traceparent"); fmt.Sprint(got) != "[00-trace]" {
			t.Errorf("traceparent is %q", got)
		}
	}
}
