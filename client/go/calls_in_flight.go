package sidecar

import (
	"math"
	"time"
)

// cachedCall is a call on a session that was not answered yet, and what was reported meanwhile.
type cachedCall struct {
	key string
	at  time.Duration // when it was made, by liveness.now
	// epoch is that in which every change since then is reported; noEpoch: changes might not be.
	epoch epoch
	// reported is the highest version that was reported since: a reply that is older is out of date.
	reported int64
}

// unknownVersion is that of a change whose version is unknown: every reply may be older.
const unknownVersion int64 = math.MaxInt64

func (c *cachedCall) liveUntil(liveMs uint32) time.Duration {
	return c.at + time.Duration(liveMs)*time.Millisecond
}

// callsInFlight has the calls that were not answered, by session. What is reported is noted for each call by itself: with one note
// for a session, a session that is read all the time would never be free of it.
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
