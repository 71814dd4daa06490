package sidecar

import (
	"sync/atomic"
	"time"
)

const (
	// maxStaleness is how long copies are trusted after the sidecar confirmed that it had reported all changes. It is the upper bound
	// on staleness.
	maxStaleness = time.Second
	// confirmInterval is a quarter of maxStaleness, so that one late confirmation does not end live reads.
	confirmInterval = maxStaleness / 4
)

// epoch identifies a period of one stream in which no report was lost.
type epoch int64

const noEpoch epoch = 0

// liveness knows whether the sidecar would have reported a change to a session since it was read. It requests confirmation of that
// from the sidecar four times a second, but only while sessions are read.
type liveness struct {
	request func(clock uint64) // does nothing while there is no stream; takes pipeline.mu
	// origin is an hour before the client was created. The sidecar confirms times somewhat before the requested one, and clocks are
	// unsigned.
	origin time.Time

	requestedAt atomic.Int64 // when confirmation was last requested, by now; 0: never

	// Guarded by sessionCache.mu:
	current      epoch
	trustedUntil time.Duration // 0: nothing is confirmed in this epoch
}

func newLiveness(request func(clock uint64)) *liveness {
	return &liveness{request: request, origin: time.Now().Add(-time.Hour), current: noEpoch + 1}
}

// now returns the time since origin by the monotonic clock.
func (l *liveness) now() time.Duration { return time.Since(l.origin) }

// covers reports whether a session that was read in an epoch can be trusted: any change to it has been reported since, unless it was
// made within the last maxStaleness.
func (l *liveness) covers(read epoch, now time.Duration) bool {
	return read == l.current && now < l.trustedUntil
}

// begin returns the epoch of a call that is about to be made, or noEpoch until the sidecar has confirmed that it reports changes.
func (l *liveness) begin() epoch {
	if l.trustedUntil == 0 {
		return noEpoch
	}
	return l.current
}

// confirmed extends the trust: the sidecar has reported all changes up to clock, which is at or before a requested one.
func (l *liveness) confirmed(clock uint64) {
	l.trustedUntil = max(l.trustedUntil, time.Duration(clock)*time.Millisecond+maxStaleness)
}

// lose ends the epoch, because changes may have gone unreported. Sessions that were read in it are no longer covered.
func (l *liveness) lose() {
	l.current++
	l.trustedUntil = 0
}

// noteUse requests confirmation if it is due. The caller must not hold sessionCache.mu, because the request takes pipeline.mu.
func (l *liveness) noteUse(now time.Duration) {
	last := l.requestedAt.Load()
	if now-time.Duration(last) >= confirmInterval && l.requestedAt.CompareAndSwap(last, int64(now)) {
		l.request(l.clock())
	}
}

// clock returns the time to request confirmation with, in milliseconds.
func (l *liveness) clock() uint64 { return uint64(l.now() / time.Millisecond) }
