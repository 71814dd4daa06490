package sidecar

import (
	"context"
	"crypto/rand"
	mathrand "math/rand/v2"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/durationpb"
)

// NoWait is a LockOptions.Wait that does not wait for another holder.
const NoWait time.Duration = -1

const (
	defaultLease = 10 * time.Second
	defaultWait  = 5 * time.Second
	// Short, because most leases are: requests wait for what another request does.
	firstLockPause = 10 * time.Millisecond
	maxLockPause   = 100 * time.Millisecond
)

// LockOptions are options of Client.WithLock.
type LockOptions struct {
	// Lease is after how long the lease ends by itself, 100 ms to 5 minutes in whole milliseconds: longer than the work takes, and no
	// longer than others should wait after a crash. It is not renewed. 0: 10 seconds.
	Lease time.Duration
	// Wait is how long to wait while another holder has the lease. 0: 5 seconds. NoWait: not at all. The deadline of the context ends
	// it earlier.
	Wait time.Duration
}

// WithLock runs work while no other holder has the lease of the session, then saves what it has changed. work gets the session as it is
// when the lease begins, in the same call. If work fails, nothing more is saved, and WithLock returns its error.
//
// The lease ends when work has returned, or after LockOptions.Lease, so that a crash does not hold up others for longer. Save, Transform,
// PopFlash and Regenerate of this session depend on it: if the lease has ended, they fail with LEASE_LOST, and nothing is stored. It keeps
// out only other holders: sessions that were opened otherwise are saved as ever.
//
// WithLock fails with LEASE_HELD if another holder still has the lease after LockOptions.Wait, with SESSION_NOT_FOUND or TOKEN_INVALID if
// the token has no session, and with UNIMPLEMENTED if the sidecar is too old to know leases.
func (c *Client) WithLock(ctx context.Context, token string, options LockOptions, work func(*Session) error) error {
	session, err := c.acquireLease(ctx, token, options)
	if err != nil {
		return err
	}
	// Even if work panics. Its token may have been replaced. A session that has ended has no lease.
	defer func() {
		if session.fence != nil {
			c.releaseLease(ctx, session.token, *session.fence)
		}
	}()
	if err := work(session); err != nil {
		return err
	}
	return session.Save(ctx)
}

func (c *Client) acquireLease(ctx context.Context, token string, options LockOptions) (*Session, error) {
	lease, wait := options.Lease, options.Wait
	if lease == 0 {
		lease = defaultLease
	}
	if wait == 0 {
		wait = defaultWait
	}
	request := &sessionv1.AcquireLeaseRequest{Token: token, Duration: durationpb.New(lease), Holder: rand.Text()}
	waitsUntil := time.Now().Add(wait)
	for attempt := 0; ; attempt++ {
		response, err := c.stub.AcquireLease(ctx, request)
		if err == nil {
			err = checkSession("AcquireLease", response.GetSession())
		}
		if err == nil {
			session := newSession(c, OriginFound)
			session.load(token, response.Session)
			session.fence = &response.Fence
			return session, nil
		}
		left := time.Until(waitsUntil)
		if CodeOf(err) != CodeLeaseHeld || left <= 0 {
			return nil, err
		}
		// The last attempt is made when the time is over.
		longest := min(firstLockPause<<min(attempt, 8), maxLockPause)
		select {
		case <-time.After(min(time.Millisecond+mathrand.N(longest), left)):
		case <-ctx.Done():
			return nil, notTried(ctx, "AcquireLease")
		}
	}
}

// releaseLease ends a lease, even if the context has ended. If that fails, the lease ends by itself.
func (c *Client) releaseLease(ctx context.Context, token string, fence int64) {
	_, _ = c.stub.ReleaseLease(context.WithoutCancel(ctx), &sessionv1.ReleaseLeaseRequest{Token: token, Fence: fence})
}

// Fence returns the number of the lease that WithLock opened the session under, and 0 without one. Later leases of the session have
// greater numbers. Pass it to other systems that can reject what comes from an earlier lease.
func (s *Session) Fence() int64 {
	if s.fence == nil {
		return 0
	}
	return *s.fence
}
