package clienttest

import (
	"fmt"
	"strings"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// answering gives one reply for one method, and whole ones for the others.
func answering(method string, reply any) answer {
	return func(_ int, call call) (any, error) {
		if call.method == method {
			return reply, nil
		}
		return wholeReply(call.method), nil
	}
}

func TestReplyThatIsNotWholeIsAnError(t *testing.T) {
	session := &sessionv1.Session{CsrfToken: "csrf"}
	results := func(count int) []*sessionv1.MutationResult { return make([]*sessionv1.MutationResult, count) }
	set := func(s *sidecar.Session) error { return s.Set("key", 1) }
	save := func(s *sidecar.Session) error { return s.Save(t.Context()) }
	regenerate := func(s *sidecar.Session) error { return s.Regenerate(t.Context()) }
	for _, test := range []struct {
		method  string
		reply   any
		prepare func(*sidecar.Session) error
		act     func(*sidecar.Session) error
	}{
		{"UpdateSession", &sessionv1.UpdateSessionResponse{}, set, save},
		{"UpdateSession", &sessionv1.UpdateSessionResponse{Results: results(3)}, set, save},
		{"UpdateSession", &sessionv1.UpdateSessionResponse{}, func(s *sidecar.Session) error { return s.PushFlash("", 1) }, save},
		{"UpdateSession", &sessionv1.UpdateSessionResponse{}, func(s *sidecar.Session) error { s.Clear(); return nil }, save},
		{"UpdateSession", &sessionv1.UpdateSessionResponse{Results: results(1)}, func(s *sidecar.Session) error { return s.SetDefault("key", 1) }, save},
		{"RegenerateSession", &sessionv1.RegenerateSessionResponse{Token: "token"}, set, regenerate},
		{"RegenerateSession", &sessionv1.RegenerateSessionResponse{Results: results(1)}, set, regenerate},
		{"GetSession", &sessionv1.GetSessionResponse{}, nil, func(s *sidecar.Session) error {
			_, err := sidecar.Transform(t.Context(), s, "key", func(n int) int { return n })
			return err
		}},
		{"CreateSession", &sessionv1.CreateSessionResponse{}, set, save},
		{"CreateSession", &sessionv1.CreateSessionResponse{Session: session}, set, save},
		{"CreateSession", &sessionv1.CreateSessionResponse{Token: "token"}, set, save},
	} {
		t.Run(fmt.Sprint(test.method, test.reply), func(t *testing.T) {
			respond := whole
			fake := startFake(t, func(number int, call call) (any, error) { return respond(number, call) })
			client := dial(t, fake.address)
			s := open(t, client)
			if test.method == "CreateSession" {
				s = client.Create()
			}
			if test.prepare != nil {
				check(t, test.prepare(s))
			}
			respond = answering(test.method, test.reply)
			if err := test.act(s); sidecar.CodeOf(err) != sidecar.CodeInternal {
				t.Errorf("got %v", err)
			}
			if test.prepare != nil && !s.HasChanges() {
				t.Error("the changes are forgotten")
			}
		})
	}
}

func TestOpenFailsWithoutASessionInTheReply(t *testing.T) {
	fake := startFake(t, answering("GetSession", &sessionv1.GetSessionResponse{}))
	if _, err := dial(t, fake.address).Open(patient(t), "token"); sidecar.CodeOf(err) != sidecar.CodeInternal {
		t.Errorf("got %v", err)
	}
}

func TestASessionWithoutACSRFTokenAcceptsNone(t *testing.T) {
	fake := startFake(t, answering("GetSession", &sessionv1.GetSessionResponse{Session: &sessionv1.Session{}}))
	if open(t, dial(t, fake.address)).CheckCSRFToken("") {
		t.Error("a form without a token was accepted")
	}
}

type picky struct{}

func (picky) UnmarshalJSON(text []byte) error { return fmt.Errorf("cannot take %s", text) }

func TestErrorsOfValuesSayNothingOfThem(t *testing.T) {
	value := "hunter2-4111111111111111"
	texts := map[string]string{
		"broken": `{"card": ` + value + `}`, "number": "4111111111111111", "text": `"` + value + `"`, "empty": "",
		"list": `["` + value + `", 4111111111111111]`, "object": `{"` + value + `": 4111111111111111}`,
	}
	data := map[string][]byte{}
	for key, text := range texts {
		data[key] = []byte(text)
	}
	reply := &sessionv1.GetSessionResponse{Session: &sessionv1.Session{Data: data, FlashQueues: []*sessionv1.FlashQueue{{MessageCount: 1}}}}
	fake := startFake(t, func(_ int, call call) (any, error) {
		switch call.method {
		case "GetSession":
			return reply, nil
		case "PopFlash":
			return &sessionv1.PopFlashResponse{Messages: [][]byte{data["broken"]}}, nil
		}
		return wholeReply(call.method), nil
	})
	session := open(t, dial(t, fake.address))
	expectSilence := func(err error) {
		t.Helper()
		for e := err; e != nil; {
			for _, part := range []string{"hunter2", "4111", value[:1] + "'"} {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), part) {
					t.Errorf("%#v says %s", e, part)
				}
			}
			wrapper, ok := e.(interface{ Unwrap() error })
			if !ok {
				return
			}
			e = wrapper.Unwrap()
		}
	}
	targets := []func() any{
		func() any { return new(int8) }, func() any { return new(struct{ Card bool }) }, func() any { return new([]bool) },
		func() any { return new(map[string]string) }, func() any { return new(picky) }, func() any { return new(map[string]picky) },
		func() any { return new([]picky) },
	}
	failures := 0
	for key := range texts {
		for _, target := range targets {
			if _, err := session.Get(key, target()); err != nil {
				failures++
				if sidecar.CodeOf(err) != sidecar.CodeValueUnreadable {
					t.Errorf("got %v", err)
				}
				expectSilence(err)
			}
		}
	}
	if failures < 30 {
		t.Errorf("only %d reads failed", failures)
	}
	expectSilence(session.PopFlash(patient(t), "", new([]int)))
	for _, unfit := range []any{func() {}, []any{value, make(chan int)}, marshaler(value), map[string]any{value: marshaler(value)}} {
		err := session.Set("key", unfit)
		if err == nil {
			t.Errorf("%T was accepted", unfit)
		}
		expectSilence(err)
	}
}

type marshaler string

func (m marshaler) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("cannot write %s", string(m))
}

func TestNamesAreCheckedWhenTheyAreUsed(t *testing.T) {
	fake := startFake(t, whole)
	session := open(t, dial(t, fake.address))
	refused := []string{"a\nb", "\x00", "\x7f", "\u0085", "\ufffd", "\xff", "a\xc3", strings.Repeat("a", 257), strings.Repeat("é", 129)}
	for _, name := range refused {
		for what, err := range map[string]error{
			"Set": session.Set(name, 1), "SetDefault": session.SetDefault(name, 1),
			"PushFlash": session.PushFlash(name, 1), "PushUniqueFlash": session.PushUniqueFlash(name, 1),
		} {
			if err == nil || sidecar.CodeOf(err) != "" {
				t.Errorf("%s(%q) gave %v", what, name, err)
			}
		}
	}
	if session.Set("", 1) == nil || session.SetDefault("", 1) == nil {
		t.Error("an empty key was accepted")
	}
	if session.HasChanges() {
		t.Error("what was refused is recorded")
	}
	for _, name := range []string{"a", " ", "Grüße 世界 👋", strings.Repeat("é", 128), "__proto__"} {
		check(t, session.Set(name, 1))
		check(t, session.PushFlash(name, 1))
	}
	check(t, session.PushFlash("", 1))
}

func TestCodesHaveAnHTTPStatus(t *testing.T) {
	for _, code := range []string{
		sidecar.CodeSessionNotFound, sidecar.CodeTokenInvalid, sidecar.CodeVersionMismatch, sidecar.CodeInvalidArgument,
		sidecar.CodeSessionTooLarge, sidecar.CodeTooManyKeys, sidecar.CodeFlashQueueFull, sidecar.CodeStoreUnavailable,
		sidecar.CodeStoreFull, sidecar.CodeDraining, sidecar.CodeInternal, sidecar.CodeRequestTooLarge, sidecar.CodeOverloaded,
		sidecar.CodeAPITokenInvalid, sidecar.CodeDeadlineExceeded, sidecar.CodeCancelled, sidecar.CodeUnavailable,
		sidecar.CodeUnimplemented, sidecar.CodeValueUnreadable, sidecar.CodeUnknown,
	} {
		if (&sidecar.Error{Code: code}).HTTPStatus() == 0 {
			t.Errorf("%s has none", code)
		}
	}
}
