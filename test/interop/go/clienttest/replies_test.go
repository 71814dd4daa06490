package clienttest

import (
	"fmt"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

func TestAnIncompleteReplyIsAnErrorAndKeepsTheChanges(t *testing.T) {
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
		{"RegenerateSession", &sessionv1.RegenerateSessionResponse{Token: "token", CsrfToken: "csrf"}, set, regenerate},
		{"NewCsrfToken", &sessionv1.NewCsrfTokenResponse{}, nil, func(s *sidecar.Session) error {
			_, err := s.NewCSRFToken(t.Context())
			return err
		}},
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
