package sidecar

import (
	"sync/atomic"
	"time"
)

const (
	// maxStaleness is how long a copy is trusted after the sidecar has confirmed that all changes were reported: the bound of staleness.
	maxStaleness = time.Second
	// confirmInterval is a quarter of it, so that a late answer does not end live reads.
	confirmInterval = maxStaleness / 4
)

// epoch names the stream, and the time on it, in which every change was reported.
type epoch int64

const noEpoch epoch = 0

// liveness is whether a change to a session that was read would have been reported. While sessions are read, it requests confirmation
// from the sidecar four times a second.
type liveness struct {
	request func(clock uint64) // does nothing while there is no stream; takes pipeline.mu
	// origin is in the past, so that no time that the sidecar confirms is before it, however young the process is.
	origin time.Time

	requestedAt atomic.Int64 // the last time, by now; 0: never

	// Guarded by sessionCache.mu:
	current      epoch
	trustedUntil time.Duration // 0: nothing was confirmed in this epoch
}

func newLiveness(request func(clock uint64)) *liveness {
	return &liveness{request: request, origin: time.Now().Add(-time.Hour), current: noEpoch + 1}
}

// now is the time by the monotonic clock.
func (l *liveness) now() time.Duration { return time.Since(l.origin) }

// covers reports whether every change since the read that began in the epoch was reported, except for those of the last maxStaleness.
func (l *liveness) covers(read epoch, now time.Duration) bool {
	return read == l.current && now < l.trustedUntil
}

// begin is to be called before a session is read. It returns noEpoch until the sidecar has confirmed that it reports changes.
func (l *liveness) begin() epoch {
	if l.trustedUntil == 0 {
		return noEpoch
	}
	return l.current
}

// confirmed is to be called with a clock as it was requested, or earlier.
func (l *liveness) confirmed(clock uint64) {
	l.trustedUntil = max(l.trustedUntil, time.Duration(clock)*time.Millisecond+maxStaleness)
}

// lose notes that changes may have gone unreported. What was read before is not covered any more.
func (l *liveness) lose() {
	l.current++
	l.trustedUntil = 0
}

// noteUse has confirmation requested when it is due. It must not be called with sessionCache.mu, because requests take pipeline.mu.
func (l *liveness) noteUse(now time.Duration) {
	last := l.requestedAt.Load()
	if now-time.Duration(last) >= confirmInterval && l.requestedAt.CompareAndSwap(last, int64(now)) {
		l.request(l.clock())
	}
}

func (l *liveness) clock() uint64 { return uint64(l.now() / time.Millisecond) }
