package clienttest

import (
	"slices"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc/codes"
)

// withMessage answers as a sidecar does that has a message waiting, and fails the first UpdateSession.
func withMessage(failure error) answer {
	failed := false
	return func(_ int, call call) (any, error) {
		switch call.method {
		case "GetSession":
			session := &sessionv1.Session{CsrfToken: "csrf", FlashQueues: []*sessionv1.FlashQueue{{MessageCount: 1}}}
			return &sessionv1.GetSessionResponse{Session: session}, nil
		case "UpdateSession":
			if !failed {
				failed = true
				return nil, failure
			}
		case "PopFlash":
			return &sessionv1.PopFlashResponse{Messages: [][]byte{[]byte(`"waiting"`)}}, nil
		}
		return wholeReply(call.method), nil
	}
}

func TestPopFlashAndSaveBesideAnOlderSidecarTakesACallForEach(t *testing.T) {
	fake := startFake(t, withMessage(&refusal{status_: codes.InvalidArgument, reason: "INVALID_ARGUMENT"}))
	session := changed(t, dial(t, fake.address))
	check(t, session.PushFlash("", "unsaved"))
	messages, err := sidecar.PopFlashAndSave[string](patient(t), session, "")
	check(t, err)
	if !slices.Equal(messages, []string{"waiting", "unsaved"}) || session.HasChanges() {
		t.Errorf("got %q", messages)
	}
}

func TestPopFlashAndSaveThatIsRefusedTakesNoMessageAndKeepsTheChanges(t *testing.T) {
	fake := startFake(t, withMessage(&refusal{status_: codes.ResourceExhausted, reason: "SESSION_TOO_LARGE"}))
	session := changed(t, dial(t, fake.address))
	check(t, session.PushFlash("", "unsaved"))
	_, err := sidecar.PopFlashAndSave[string](patient(t), session, "")
	expectCode(t, err, sidecar.CodeSessionTooLarge)
	if !session.HasChanges() {
		t.Error("the changes are forgotten")
	}
	messages, err := sidecar.PopFlash[string](patient(t), session, "")
	check(t, err)
	if !slices.Equal(messages, []string{"waiting", "unsaved"}) {
		t.Errorf("got %q", messages)
	}
}

func TestPopFlashAndSaveRefusesAReplyWithTooFewResults(t *testing.T) {
	fake := startFake(t, func(number int, call call) (any, error) {
		if call.method == "UpdateSession" {
			return &sessionv1.UpdateSessionResponse{}, nil
		}
		return withMessage(nil)(number, call)
	})
	session := open(t, dial(t, fake.address))
	_, err := sidecar.PopFlashAndSave[string](patient(t), session, "")
	expectCode(t, err, sidecar.CodeInternal)
}

func TestATokenReplacedInAnIncompleteReplyIsKept(t *testing.T) {
	fake := startFake(t, answering("RegenerateSession", &sessionv1.RegenerateSessionResponse{Token: "next", CsrfToken: "next"}))
	session := changed(t, dial(t, fake.address))
	expectCode(t, session.Regenerate(patient(t)), sidecar.CodeInternal)
	if session.Token() != "next" || !session.CheckCSRFToken("next") || !session.HasChanges() {
		t.Error("the old token is dead, and the new one is forgotten")
	}
}

func TestACachedSessionStaysLiveWhenItsMessagesArePoppedAndSaved(t *testing.T) {
	w := startCacheWorld(t)
	w.set(func() { w.session.FlashQueues = []*sessionv1.FlashQueue{waiting(), {Name: "other", MessageCount: 1}} })
	w.becomeLive()
	session := w.openSession()
	check(t, session.Set("count", 1))
	_, err := sidecar.PopFlashAndSave[string](patient(t), session, "waiting")
	check(t, err)
	w.expectOpened(1, "live")
	// Of the copy, only the other queue still waits.
	again := w.openSession()
	before := len(w.arrived("PopFlash"))
	for _, queue := range []string{"waiting", "other"} {
		_, err = sidecar.PopFlash[string](patient(t), again, queue)
		check(t, err)
	}
	if calls := len(w.arrived("PopFlash")) - before; calls != 1 {
		t.Errorf("%d queues were asked for", calls)
	}
}
