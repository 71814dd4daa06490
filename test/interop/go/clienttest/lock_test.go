package clienttest

import (
	"context"
	"errors"
	"slices"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc/codes"
)

// leasing answers as a sidecar does that leases every session, after it has refused to some times.
func leasing(refusals int) answer {
	return func(_ int, call call) (any, error) {
		switch call.method {
		case "AcquireLease":
			if refusals > 0 {
				refusals--
				return nil, &refusal{status_: codes.Aborted, reason: "LEASE_HELD"}
			}
			return &sessionv1.AcquireLeaseResponse{Fence: 42, Session: &sessionv1.Session{Handle: "handle", CsrfToken: "csrf", Version: 7}}, nil
		case "ReleaseLease":
			return &sessionv1.ReleaseLeaseResponse{Released: true}, nil
		}
		return wholeReply(call.method), nil
	}
}

func methodsOf(fake *fakeSidecar) (methods []string) {
	for _, each := range fake.received() {
		methods = append(methods, each.method)
	}
	return methods
}

func expectMethods(t *testing.T, fake *fakeSidecar, expected ...string) {
	t.Helper()
	if methods := methodsOf(fake); !slices.Equal(methods, expected) {
		t.Errorf("got %q", methods)
	}
}

func TestWithLockAsksAgainAndSavesAtItsEnd(t *testing.T) {
	fake := startFake(t, leasing(2))
	client := dial(t, fake.address)
	check(t, client.WithLock(patient(t), "token", sidecar.LockOptions{}, func(session *sidecar.Session) error {
		if session.Fence() != 42 || session.Version() != 7 || session.Origin() != sidecar.OriginFound || session.IsNew() {
			t.Errorf("got fence %d, version %d, origin %s", session.Fence(), session.Version(), session.Origin())
		}
		return session.Set("key", 1)
	}))
	expectMethods(t, fake, "AcquireLease", "AcquireLease", "AcquireLease", "UpdateSession", "ReleaseLease")
}

func TestWithLockThatDoesNotWaitAsksOnce(t *testing.T) {
	fake := startFake(t, leasing(100))
	never := func(*sidecar.Session) error { panic("not reached") }
	expectCode(t, dial(t, fake.address).WithLock(patient(t), "token", sidecar.LockOptions{Wait: sidecar.NoWait}, never), sidecar.CodeLeaseHeld)
	expectMethods(t, fake, "AcquireLease")
}

func TestWithLockStopsWaitingWithItsContext(t *testing.T) {
	fake := startFake(t, leasing(1_000_000))
	ctx, cancel := context.WithCancel(patient(t))
	waiting := background(func() error {
		return dial(t, fake.address).WithLock(ctx, "token", sidecar.LockOptions{Wait: 1 << 40}, func(*sidecar.Session) error { return nil })
	})
	eventually(t, "it asks again", func() bool { return len(fake.received()) >= 3 })
	cancel()
	if err := <-waiting; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWithLockSavesNothingIfTheWorkFailsOrPanics(t *testing.T) {
	fake := startFake(t, leasing(0))
	client := dial(t, fake.address)
	failure := errors.New("from the work")
	change := func(session *sidecar.Session) { check(t, session.Set("key", 1)) }
	err := client.WithLock(patient(t), "token", sidecar.LockOptions{}, func(session *sidecar.Session) error {
		change(session)
		return failure
	})
	if err != failure {
		t.Errorf("got %v", err)
	}
	func() {
		defer func() { _ = recover() }()
		_ = client.WithLock(patient(t), "token", sidecar.LockOptions{}, func(session *sidecar.Session) error {
			change(session)
			panic("from the work")
		})
	}()
	expectMethods(t, fake, "AcquireLease", "ReleaseLease", "AcquireLease", "ReleaseLease")
}

func TestWithLockReleasesWhenItsContextHasEndedAndNotWhenTheSessionHas(t *testing.T) {
	fake := startFake(t, leasing(0))
	client := dial(t, fake.address)
	ctx, cancel := context.WithCancel(patient(t))
	check(t, client.WithLock(ctx, "token", sidecar.LockOptions{}, func(*sidecar.Session) error {
		cancel()
		return nil
	}))
	check(t, client.WithLock(patient(t), "token", sidecar.LockOptions{}, func(session *sidecar.Session) error {
		return session.Invalidate(patient(t))
	}))
	expectMethods(t, fake, "AcquireLease", "ReleaseLease", "AcquireLease", "InvalidateSession")
}
