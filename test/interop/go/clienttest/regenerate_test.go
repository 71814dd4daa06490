package clienttest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
)

// requests are the requests that one goroutine has made.
type requests []any

func (r *requests) intercept(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	*r = append(*r, request)
	return invoke(ctx, method, request, reply, conn, options...)
}

func openRecorded(t *testing.T, fake *fakeSidecar) (*sidecar.Session, *requests) {
	t.Helper()
	var made requests
	return open(t, dial(t, fake.address, grpc.WithChainUnaryInterceptor(made.intercept))), &made
}

func requestsOf[T any](made *requests) (found []T) {
	for _, each := range *made {
		if request, ok := each.(T); ok {
			found = append(found, request)
		}
	}
	return found
}

// overtaken answers as if the session had ended after it was opened. creation is why it cannot create another; nil: it can.
func overtaken(creation error) answer {
	return func(_ int, call call) (any, error) {
		switch call.method {
		case "GetSession":
			return &sessionv1.GetSessionResponse{Session: &sessionv1.Session{
				Handle: "old", CsrfToken: "csrf", Version: 7, Data: map[string][]byte{"cart": []byte(`["tea"]`), "visits": []byte("3")},
			}}, nil
		case "CreateSession":
			session := &sessionv1.Session{Handle: "new", CsrfToken: "csrf", Version: 1, Data: map[string][]byte{"user": []byte(`"Ada"`)}}
			results := []*sessionv1.MutationResult{{Applied: true}, {Applied: true, Value: []byte("true")}, {Applied: true}}
			return &sessionv1.CreateSessionResponse{Token: "new", Session: session, Results: results}, creation
		default:
			return nil, &refusal{status_: codes.NotFound, reason: "SESSION_NOT_FOUND"}
		}
	}
}

// login writes what a login writes.
func login(t *testing.T, session *sidecar.Session) {
	t.Helper()
	check(t, session.Set("user", "Ada"))
	check(t, session.SetDefault("seen", true))
	check(t, session.PushFlash("", "Welcome"))
	session.Delete("visits")
	session.SetSubject("Ada")
	session.SetIdleTimeout(time.Hour)
}

func TestALoginGoesOnWithANewSessionOfWhatItHasSet(t *testing.T) {
	fake := startFake(t, overtaken(nil))
	session, made := openRecorded(t, fake)
	login(t, session)
	check(t, session.RegenerateOrCreate(patient(t)))
	request := requestsOf[*sessionv1.CreateSessionRequest](made)[0]
	var kinds []string
	for _, mutation := range request.Mutations {
		switch kind := mutation.Kind.(type) {
		case *sessionv1.Mutation_Set:
			kinds = append(kinds, "set "+kind.Set.Key)
		case *sessionv1.Mutation_SetIfAbsent:
			kinds = append(kinds, "set_if_absent "+kind.SetIfAbsent.Key)
		case *sessionv1.Mutation_PushFlash:
			kinds = append(kinds, "push_flash")
		default:
			kinds = append(kinds, "other")
		}
	}
	if !slices.Equal(kinds, []string{"set user", "set_if_absent seen", "push_flash"}) {
		t.Errorf("got %q", kinds)
	}
	if request.GetSubject() != "Ada" || request.GetIdleTimeout().AsDuration() != time.Hour || request.Id != nil {
		t.Errorf("got %v", request)
	}
	if session.Token() != "new" || session.Handle() != "new" || !session.IsNew() || session.HasChanges() || session.Has("cart") {
		t.Error("the old session is not forgotten")
	}
}

func TestALoginThatHasSetNothingFails(t *testing.T) {
	fake := startFake(t, overtaken(nil))
	session, made := openRecorded(t, fake)
	session.Delete("visits")
	err := session.RegenerateOrCreate(patient(t))
	if !errors.Is(err, sidecar.ErrSessionNotFound) || len(requestsOf[*sessionv1.CreateSessionRequest](made)) != 0 {
		t.Errorf("got %v", err)
	}
	if session.Token() != "token" || session.IsNew() || !session.HasChanges() || !session.Has("cart") {
		t.Error("something has changed")
	}
}

func TestALoginWhoseNewSessionIsRefusedChangesNothing(t *testing.T) {
	fake := startFake(t, overtaken(&refusal{status_: codes.ResourceExhausted, reason: "TOO_MANY_KEYS"}))
	session := open(t, dial(t, fake.address))
	login(t, session)
	expectCode(t, session.RegenerateOrCreate(patient(t)), sidecar.CodeTooManyKeys)
	var cart []string
	found, err := session.Get("cart", &cart)
	check(t, err)
	if session.Token() != "token" || session.IsNew() || !session.HasChanges() || !found || session.Has("visits") {
		t.Error("something has changed")
	}
	var messages []string
	check(t, session.PeekFlash(patient(t), "", &messages))
	if !slices.Equal(messages, []string{"Welcome"}) {
		t.Errorf("got %q", messages)
	}
}

func TestOtherFailuresOfALoginAreItsOwn(t *testing.T) {
	fake := startFake(t, failing("RegenerateSession", 1, storeUnavailable("true")))
	session, made := openRecorded(t, fake)
	check(t, session.Set("user", "Ada"))
	expectCode(t, session.RegenerateOrCreate(patient(t)), sidecar.CodeStoreUnavailable)
	if len(requestsOf[*sessionv1.CreateSessionRequest](made)) != 0 {
		t.Error("another session was created")
	}
}

func TestAnIdleTimeoutIsSavedByItselfBeforeTheTokenIsReplaced(t *testing.T) {
	fake := startFake(t, func(number int, call call) (any, error) {
		if call.method == "UpdateSession" {
			return &sessionv1.UpdateSessionResponse{Version: 2}, nil
		}
		if call.method == "RegenerateSession" {
			return nil, &refusal{status_: codes.NotFound, reason: "SESSION_NOT_FOUND"}
		}
		return overtaken(nil)(number, call)
	})
	session, made := openRecorded(t, fake)
	login(t, session)
	expectCode(t, session.Regenerate(patient(t)), sidecar.CodeSessionNotFound)
	update := requestsOf[*sessionv1.UpdateSessionRequest](made)[0]
	if len(update.Mutations) != 0 || update.GetIdleTimeout().AsDuration() != time.Hour {
		t.Errorf("got %v", update)
	}
	if !session.HasChanges() {
		t.Error("what was set is forgotten")
	}
}
