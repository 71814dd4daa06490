package sidecar

import (
	"math"
	"time"
)

// cachedCall is a call in flight on a session, and what the sidecar has reported about that session since.
type cachedCall struct {
	key string
	at  time.Duration // when it was made, by liveness.now
	// epoch is the one in which every later change is reported; noEpoch if changes may go unreported.
	epoch epoch
	// reported is the highest version reported so far. A reply with a lower version is out of date.
	reported int64
}

// unknownVersion is the version of a change whose version is not known. Any reply may be older than that change.
const unknownVersion int64 = math.MaxInt64

func (c *cachedCall) liveUntil(liveMs uint32) time.Duration {
	return c.at + time.Duration(liveMs)*time.Millisecond
}

// callsInFlight has the calls in flight by session. Reports are recorded per call, not per session: a session that is read
// continuously always has a call in flight, so a record per session would never be cleared, and no reply would be live.
type callsInFlight map[string][]*cachedCall

func (c callsInFlight) begin(call *cachedCall) { c[call.key] = append(c[call.key], call) }

func (c callsInFlight) changed(key string, version int64) {
	for _, call := range c[key] {
		call.reported = max(call.reported, version)
	}
}

func (c callsInFlight) end(call *cachedCall) {
	calls := c[call.key]
	for i, each := range calls {
		if each == call {
			calls[i] = calls[len(calls)-1]
			calls[len(calls)-1] = nil
			calls = calls[:len(calls)-1]
			break
		}
	}
	if len(calls) == 0 {
		delete(c, call.key)
	} else {
		c[call.key] = calls
	}
}
