package clienttest

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func waiting() *sessionv1.FlashQueue { return &sessionv1.FlashQueue{Name: "waiting", MessageCount: 1} }

func TestEachOpenGivesASessionOfItsOwn(t *testing.T) {
	w := startCacheWorld(t)
	first := w.openSession()
	w.becomeLive()
	one := w.openSession()
	same := w.openSession()
	check(t, one.Set("count", 1))
	check(t, one.Set("new", 1))
	w.expectOpened(0, "live")
	check(t, one.Save(patient(t)))
	if first.Version() != 1 || same.Version() != 1 || first.Len() != 1 || same.Len() != 1 {
		t.Error("a session was changed by another")
	}
	check(t, first.Set("first", 1))
	check(t, first.Save(patient(t)))
	if got := one.Version(); got != 2 {
		t.Errorf("the version of another session became %d", got)
	}
	other := w.openSession()
	other.Delete("count")
	check(t, other.SetDefault("default", 1))
	_, err := sidecar.Transform(patient(t), other, "new", func(int) int { return 2 })
	check(t, err)
	other.Clear()
	last := w.openSession()
	if got := fmt.Sprint(last.Keys(), one.Version(), other.Version(), last.Version()); got != "[count first new] 2 4 4" {
		t.Error(got)
	}
}

func TestAKeptSessionIsAsTheSidecarHasSentIt(t *testing.T) {
	w := startCacheWorld(t)
	owner := "ada"
	w.set(func() {
		w.session.Subject, w.session.FlashQueues = &owner, []*sessionv1.FlashQueue{waiting()}
		w.session.Created, w.session.Expires = &timestamppb.Timestamp{Seconds: 10}, &timestamppb.Timestamp{Seconds: 20}
		w.session.IdleTimeout = &durationpb.Duration{Seconds: 30}
	})
	w.expectOpened(0, "missed")
	eventually(t, "a live read", w.isLive)
	describe := func() []any {
		s := w.openSession()
		return []any{s.Origin(), s.IsNew(), s.Token(), s.Handle(), s.Version(), s.Created(), s.Subject(), s.HasChanges(), s.Keys(), s.CheckCSRFToken("csrf")}
	}
	fresh := dial(t, w.address)
	live := describe()
	w.client = fresh
	if got := describe(); !reflect.DeepEqual(got, live) {
		t.Errorf("%v instead of %v", live, got)
	}
}

func TestAConfirmedSessionExpiresWhenTheSidecarSays(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.set(func() { w.notModified = &sessionv1.NotModified{Expires: &timestamppb.Timestamp{Seconds: 40}} })
	w.reportAll()
	w.roundTrip()
	w.expectOpened(0, "validated")
	w.becomeLive()
	session := w.openSession()
	if got := session.Expires().Unix(); got != 40 {
		t.Errorf("it expires at %d", got)
	}
}

func TestASessionIsNotKept(t *testing.T) {
	for name, arrange := range map[string]func(*cacheWorld){
		"of a sidecar that sends no etag":            func(w *cacheWorld) { w.hasNoEtags = true },
		"when its token tells nothing of its handle": func(w *cacheWorld) { w.session.Handle = "other" },
		"when it is larger than half of the cache":   func(w *cacheWorld) { w.session.Data["large"] = make([]byte, 8<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			w := startCacheWorld(t)
			w.set(func() { arrange(w) })
			for range 3 {
				w.expectOpened(0, "missed")
			}
			if got := w.client.CacheStats().Sessions; got != 0 {
				t.Errorf("%d sessions are kept", got)
			}
		})
	}
}

func TestASessionIsOpenedOnlyByItsOwnToken(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.set(func() { w.session = nil })
	other, err := w.client.Open(patient(t), cachedHandle+"another.signature")
	check(t, err)
	if other.Origin() != sidecar.OriginNotFound {
		t.Errorf("the origin is %s", other.Origin())
	}
	if !w.isLive() {
		t.Error("a call with another token has dropped the session")
	}
}

func TestAnEndedContextEndsAnOpenLiveOrNot(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := w.client.Open(ctx, cachedToken)
	expectCode(t, err, sidecar.CodeCancelled)
}

func TestAClosedClientOpensNothingFromMemory(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	check(t, w.client.Close())
	_, err := w.client.Open(patient(t), cachedToken)
	expectCode(t, err, sidecar.CodeCancelled)
	if got := w.client.CacheStats(); got.Sessions != 0 || got.Bytes != 0 {
		t.Errorf("it holds %+v", got)
	}
	eventually(t, "everything to end", func() bool { return goroutines("client/go.") == 0 })
}
