package clienttest

import (
	"slices"
	"strings"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc/codes"
)

var (
	notFound     = &refusal{status_: codes.NotFound, reason: "SESSION_NOT_FOUND"}
	tokenInvalid = &refusal{status_: codes.Unauthenticated, reason: "TOKEN_INVALID"}
)

// inTurn answers the calls with these errors; nil stands for a whole reply.
func inTurn(failures ...error) answer {
	return func(number int, call call) (any, error) {
		if number <= len(failures) && failures[number-1] != nil {
			return nil, failures[number-1]
		}
		return wholeReply(call.method), nil
	}
}

func TestOpenTriesUpToThreeDistinctTokens(t *testing.T) {
	for _, test := range []struct {
		tokens  []string
		answers []error
		calls   int
		token   string
		origin  sidecar.Origin
	}{
		{nil, nil, 0, "", sidecar.OriginNone},
		{[]string{"", ""}, nil, 0, "", sidecar.OriginNone},
		{[]string{"a", "b"}, nil, 1, "a", sidecar.OriginFound},
		{[]string{"a", "a", "", "b"}, []error{notFound, nil}, 2, "b", sidecar.OriginFound},
		{[]string{"a", "b", "c", "d"}, []error{tokenInvalid, notFound, notFound}, 3, "", sidecar.OriginTokenInvalid},
		{[]string{"a", "b"}, []error{notFound, tokenInvalid}, 2, "", sidecar.OriginNotFound},
	} {
		fake := startFake(t, inTurn(test.answers...))
		session, err := dial(t, fake.address).Open(patient(t), test.tokens...)
		check(t, err)
		if session.Token() != test.token || session.Origin() != test.origin || len(fake.received()) != test.calls {
			t.Errorf("%q gave %q, %s, with %d calls", test.tokens, session.Token(), session.Origin(), len(fake.received()))
		}
	}
}

func TestOpenFailsIfOneOfTheTokensCannotBeRead(t *testing.T) {
	fake := startFake(t, inTurn(notFound, &refusal{status_: codes.Internal, reason: "INTERNAL"}))
	_, err := dial(t, fake.address).Open(patient(t), "a", "b", "c")
	expectCode(t, err, sidecar.CodeInternal)
}

func TestInvalidateEndsSessionsWithoutLoadingThem(t *testing.T) {
	fake := startFake(t, inTurn(tokenInvalid))
	check(t, dial(t, fake.address).Invalidate(patient(t), "a", "b", "b", "", "c", "d"))
	var methods []string
	for _, call := range fake.received() {
		methods = append(methods, call.method)
	}
	if !slices.Equal(methods, []string{"InvalidateSession", "InvalidateSession", "InvalidateSession"}) {
		t.Errorf("called %q", methods)
	}
	fake = startFake(t, inTurn(nil, &refusal{status_: codes.Internal, reason: "INTERNAL"}))
	expectCode(t, dial(t, fake.address).Invalidate(patient(t), "a", "b", "c"), sidecar.CodeInternal)
}

func TestOpenByIDNeedsASessionAndATokenInTheReply(t *testing.T) {
	token, empty := "token", ""
	for _, reply := range []*sessionv1.GetSessionResponse{
		{}, {Token: &token}, {Session: &sessionv1.Session{}}, {Session: &sessionv1.Session{}, Token: &empty},
	} {
		fake := startFake(t, answering("GetSession", reply))
		_, err := dial(t, fake.address).OpenByID(patient(t), "id")
		expectCode(t, err, sidecar.CodeInternal)
	}
}

func TestOpenByIDSaysThatASidecarIsTooOld(t *testing.T) {
	fake := startFake(t, inTurn(tokenInvalid))
	_, err := dial(t, fake.address).OpenByID(patient(t), "id")
	expectCode(t, err, sidecar.CodeUnimplemented)
}

func TestInvalidIDsAreRejectedAtOnce(t *testing.T) {
	fake := startFake(t, whole)
	client := dial(t, fake.address)
	for _, id := range []string{"", "a\nb", "\xff", strings.Repeat("a", 257)} {
		if _, err := client.CreateWithID(id); err == nil || sidecar.CodeOf(err) != "" {
			t.Errorf("CreateWithID(%q) gave %v", id, err)
		}
		if _, err := client.OpenByID(patient(t), id); err == nil || sidecar.CodeOf(err) != "" {
			t.Errorf("OpenByID(%q) gave %v", id, err)
		}
	}
	if len(fake.received()) != 0 {
		t.Error("the sidecar was called")
	}
}

func TestAnUnavailableSessionCanOnlyBeRead(t *testing.T) {
	fake := startFake(t, whole)
	cause := &sidecar.Error{Code: sidecar.CodeUnavailable}
	session := dial(t, fake.address).CreateUnavailable(cause)
	var messages []string
	check(t, session.PopFlash(patient(t), "", &messages))
	if session.Len() != 0 || session.Has("a") || !session.IsNew() || len(messages) != 0 {
		t.Error("it is not empty")
	}
	session.SetSubject("ada")
	_, transformed := sidecar.Transform(patient(t), session, "a", func(n int) int { return n })
	_, tokened := session.CSRFToken(patient(t))
	_, renewed := session.NewCSRFToken(patient(t))
	for what, err := range map[string]error{
		"Set": session.Set("a", 1), "SetDefault": session.SetDefault("a", 1), "PushFlash": session.PushFlash("", 1),
		"PushUniqueFlash": session.PushUniqueFlash("", 1), "Transform": transformed, "CSRFToken": tokened, "NewCSRFToken": renewed,
		"Save": session.Save(patient(t)), "Regenerate": session.Regenerate(patient(t)), "Invalidate": session.Invalidate(patient(t)),
		"PopFlashAndSave": session.PopFlashAndSave(patient(t), "", &messages),
	} {
		if err != cause {
			t.Errorf("%s gave %v", what, err)
		}
	}
	if len(fake.received()) != 0 {
		t.Error("the sidecar was called")
	}
}
