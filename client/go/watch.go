package sidecar

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
)

// WatchOptions selects what Watch reports. The zero value selects the events of all sessions, from now on.
type WatchOptions struct {
	// Subject selects the sessions of one subject.
	Subject string
	// Group shares the events with other watchers of the same name: each event is reported to one of them. One is active, another
	// goes on when it is gone. An event counts as processed when the loop asks for the next one; what was not is reported again. 1 to
	// 64 letters, digits and ._-.
	Group string
	// After is the cursor of the last event that was processed. Without it, a group goes on where it was.
	After string
	// OnReady is called when watching has begun: what happens from then on is reported.
	OnReady func()
}

const (
	firstWatchPause = 50 * time.Millisecond
	maxWatchPause   = time.Second
	// maxRequestedWatchPause limits the pause that the sidecar can request.
	maxRequestedWatchPause = 5 * time.Second
)

// Watch reports when sessions are created, get a new token and end, in all sidecars of the deployment:
//
//	for event, err := range client.Watch(ctx, sidecar.WatchOptions{}) {
//
// Nothing is sent before the loop begins. Watch reconnects by itself and misses nothing, unless that takes longer than
// SESSION_SIDECAR_EVENT_RETENTION: then it fails with CURSOR_EXPIRED. After a failure, an event may be reported again. The loop ends
// after an error; when ctx ends, the error is CANCELLED or DEADLINE_EXCEEDED. Leaving the loop ends watching.
func (c *Client) Watch(ctx context.Context, options WatchOptions) iter.Seq2[SessionEvent, error] {
	return func(yield func(SessionEvent, error) bool) {
		w := watcher{client: c, options: options, cursor: options.After}
		if options.Group != "" {
			w.acknowledger = &acknowledger{send: func(cursor string) { c.acknowledge(ctx, options.Group, cursor) }}
			defer w.acknowledger.close()
		}
		for failures := 1; ; failures++ {
			received, err := w.watchOnce(ctx, yield)
			if err == nil {
				return
			}
			if received {
				failures = 1
			}
			pause, again := watchPause(err, failures)
			if !again {
				yield(SessionEvent{}, err)
				return
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
				yield(SessionEvent{}, notTried(ctx, "WatchSessions"))
				return
			}
		}
	}
}

// watcher is one loop over events, over as many streams as it takes.
type watcher struct {
	client       *Client
	options      WatchOptions
	cursor       string
	isReady      bool
	acknowledger *acknowledger // nil: there is no group
}

// watchOnce reports the events of one stream. It returns whether the sidecar has sent anything, and nil if the loop was left.
func (w *watcher) watchOnce(ctx context.Context, yield func(SessionEvent, error) bool) (received bool, failure *Error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer w.client.monitor.wait()()
	request := &sessionv1.WatchSessionsRequest{
		Subject: optionalText(w.options.Subject), Group: optionalText(w.options.Group), After: optionalText(w.cursor),
	}
	stream, err := w.client.stub.WatchSessions(ctx, request, grpc.WaitForReady(true))
	for err == nil {
		var response *sessionv1.WatchSessionsResponse
		if response, err = stream.Recv(); err != nil {
			break
		}
		received = true
		if !w.isReady && w.options.OnReady != nil {
			w.options.OnReady()
		}
		w.isReady = true
		if event, ok := toSessionEvent(response); ok && !yield(event, nil) {
			return received, nil
		}
		w.cursor = response.GetCursor()
		if w.acknowledger != nil {
			w.acknowledger.processed(w.cursor)
		}
	}
	failure = toError("WatchSessions", err)
	failure.cancelled = errors.Is(ctx.Err(), context.Canceled)
	return received, failure
}

// watchPause returns the pause before the next attempt, or false if another attempt would change nothing.
func watchPause(failure *Error, failures int) (time.Duration, bool) {
	switch failure.Code {
	case CodeUnavailable, CodeStoreUnavailable, CodeDraining, CodeOverloaded:
	default:
		return 0, false
	}
	longest := min(firstWatchPause<<min(failures-1, 8), maxWatchPause)
	return max(rand.N(longest), min(failure.RetryAfter, maxRequestedWatchPause)), true
}

func (c *Client) acknowledge(ctx context.Context, group, cursor string) {
	// The loop may end because its context has.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), acknowledgeTimeout)
	defer cancel()
	// If it fails, a later cursor covers the same events.
	_, _ = c.stub.AcknowledgeSessionEvents(ctx, &sessionv1.AcknowledgeSessionEventsRequest{Group: group, Cursor: cursor})
}

func optionalText(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
