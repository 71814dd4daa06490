package sidecar

import (
	"context"

	"golang.org/x/sync/semaphore"
)

// pendingLimits bounds the number of pending calls and the total size of their requests.
type pendingLimits struct {
	calls    *semaphore.Weighted
	bytes    *semaphore.Weighted
	maxBytes int64
}

func newPendingLimits(calls, bytes int) *pendingLimits {
	return &pendingLimits{semaphore.NewWeighted(int64(calls)), semaphore.NewWeighted(int64(bytes)), int64(bytes)}
}

// acquire waits until a call is admitted. It fails with the error of the context if that ends first.
func (l *pendingLimits) acquire(ctx context.Context, bytes int) error {
	if err := l.calls.Acquire(ctx, 1); err != nil {
		return err
	}
	if err := l.bytes.Acquire(ctx, l.weight(bytes)); err != nil {
		l.calls.Release(1)
		return err
	}
	return nil
}

func (l *pendingLimits) release(bytes int) {
	l.bytes.Release(l.weight(bytes))
	l.calls.Release(1)
}

// weight makes a request that exceeds the limit wait until it is the only one.
func (l *pendingLimits) weight(bytes int) int64 { return min(int64(bytes), l.maxBytes) }
