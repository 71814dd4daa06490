package sidecar

import (
	"sync"
	"time"
)

const (
	// acknowledgeDelay is for how long events that were processed are not acknowledged: what may be reported again after a failure.
	acknowledgeDelay   = 500 * time.Millisecond
	acknowledgeTimeout = 2 * time.Second
)

// acknowledger acknowledges what a watcher of a group has processed, in the background, one call at a time.
type acknowledger struct {
	send func(cursor string)

	sending sync.Mutex
	mu      sync.Mutex
	cursor  string
	timer   *time.Timer // nil: none is due
}

// processed records that everything up to a cursor was processed.
func (a *acknowledger) processed(cursor string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.cursor = cursor
	if a.timer == nil {
		a.timer = time.AfterFunc(acknowledgeDelay, a.flush)
	}
}

// close acknowledges what is not yet.
func (a *acknowledger) close() { a.flush() }

func (a *acknowledger) flush() {
	a.sending.Lock()
	defer a.sending.Unlock()
	a.mu.Lock()
	cursor := a.cursor
	a.cursor = ""
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
	a.mu.Unlock()
	if cursor != "" {
		a.send(cursor)
	}
}
