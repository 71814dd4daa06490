package clienttest

import (
	"net"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc/codes"
)

func countOf(calls []call, method string) int {
	count := 0
	for _, call := range calls {
		if call.method == method {
			count++
		}
	}
	return count
}

func TestACallIsRetriedOnlyWhereThatIsSafe(t *testing.T) {
	lost := &refusal{status_: codes.Unavailable}
	const many = 6
	for name, test := range map[string]struct {
		err error
		// How many times save and invalidate must have been called, if the first many calls fail.
		save, invalidate int
	}{
		"DRAINING":                             {draining(0), many + 1, many + 1},
		"OVERLOADED":                           {&refusal{status_: codes.Unavailable, reason: "OVERLOADED"}, many + 1, many + 1},
		"STORE_UNAVAILABLE, not applied":       {storeUnavailable("false"), many + 1, many + 1},
		"STORE_UNAVAILABLE, maybe applied":     {storeUnavailable("true"), 1, many + 1},
		"UNAVAILABLE":                          {lost, 1, many + 1},
		"DRAINING, pushback":                   {&refusal{codes.Unavailable, "DRAINING", nil, time.Hour, "1"}, many + 1, many + 1},
		"DRAINING, pushback that says no":      {&refusal{codes.Unavailable, "DRAINING", nil, 0, "-1"}, 1, 1},
		"DRAINING, pushback that is no number": {&refusal{codes.Unavailable, "DRAINING", nil, 0, "soon"}, 1, 1},
		"DRAINING, beyond the deadline":        {draining(time.Hour), 1, 1},
		"STORE_FULL":                           {&refusal{status_: codes.ResourceExhausted, reason: "STORE_FULL"}, 1, 1},
		"INTERNAL":                             {&refusal{status_: codes.Internal, reason: "INTERNAL"}, 1, 1},
		"SESSION_NOT_FOUND":                    {&refusal{status_: codes.NotFound, reason: "SESSION_NOT_FOUND"}, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if refusal, ok := test.err.(*refusal); ok && refusal.pushback != "" && !isUnary() {
				t.Skip("pushback is a trailer, and replies on a stream have none")
			}
			fake := startFake(t, failing("UpdateSession", many, test.err))
			session := open(t, dial(t, fake.address))
			check(t, session.Set("key", 1))
			expectFailureIf(t, test.save == 1, session.Save(patient(t)))
			if got := countOf(fake.received(), "UpdateSession"); got != test.save {
				t.Errorf("UpdateSession was called %d times instead of %d", got, test.save)
			}

			fake = startFake(t, failing("InvalidateSession", many, test.err))
			session = open(t, dial(t, fake.address))
			expectFailureIf(t, test.invalidate == 1, session.Invalidate(patient(t)))
			if got := countOf(fake.received(), "InvalidateSession"); got != test.invalidate {
				t.Errorf("InvalidateSession was called %d times instead of %d", got, test.invalidate)
			}
		})
	}
}

func TestAnErrorSaysMaybeAppliedWhenAnEarlierAttemptMayHaveBeen(t *testing.T) {
	fake := startFake(t, func(number int, call call) (any, error) {
		switch {
		case call.method != "InvalidateSession":
			return wholeReply(call.method), nil
		case number == 2:
			return nil, storeUnavailable("true")
		}
		return nil, draining(time.Hour)
	})
	session := open(t, dial(t, fake.address))
	err := session.Invalidate(patient(t))
	if failure, ok := err.(*sidecar.Error); !ok || failure.Code != sidecar.CodeStoreUnavailable || failure.Metadata["maybe_applied"] != "true" {
		t.Errorf("got %v", err)
	}
	if got := countOf(fake.received(), "InvalidateSession"); got != 2 {
		t.Errorf("called %d times", got)
	}
}

func TestCallsWaitForASidecarThatIsNotRunningYet(t *testing.T) {
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := reserved.Addr().String()
	check(t, reserved.Close())
	client := dial(t, address)
	session := client.Create()
	check(t, session.Set("key", 1))
	saved := make(chan error, 1)
	ctx := patient(t)
	go func() { saved <- session.Save(ctx) }()
	// This call has the default deadline. When it fails, the other call has met a refused connection.
	_, err = client.Open(t.Context(), "token")
	if sidecar.CodeOf(err) != sidecar.CodeUnavailable {
		t.Errorf("without a sidecar, a call failed with %v", err)
	}
	serveFake(t, listen(t, address), &fakeSidecar{answer: whole})
	check(t, <-saved)
}
