package clienttest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func waiting() *sessionv1.FlashQueue { return &sessionv1.FlashQueue{Name: "waiting", MessageCount: 1} }

func TestEachOpenGivesASessionOfItsOwn(t *testing.T) {
	w := startCacheWorld(t)
	first, err := w.client.Open(patient(t), cachedToken)
	check(t, err)
	w.becomeLive()
	one, err := w.client.Open(patient(t), cachedToken)
	check(t, err)
	same, err := w.client.Open(patient(t), cachedToken)
	check(t, err)
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
	other, err := w.client.Open(patient(t), cachedToken)
	check(t, err)
	other.Delete("count")
	check(t, other.SetDefault("default", 1))
	_, err = sidecar.Transform(patient(t), other, "new", func(int) int { return 2 })
	check(t, err)
	other.Clear()
	last, err := w.client.Open(patient(t), cachedToken)
	check(t, err)
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
		s, err := w.client.Open(patient(t), cachedToken)
		check(t, err)
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
	session, err := w.client.Open(patient(t), cachedToken)
	check(t, err)
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
	if other.Origin() != sidecar.NotFound {
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

func TestAClosedClientAnswersNothingFromMemory(t *testing.T) {
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

func TestACacheHasASize(t *testing.T) {
	for _, bytes := range []int{0, -1} {
		if client, err := sidecar.Dial("localhost:1", sidecar.WithCache(bytes)); err == nil {
			t.Errorf("a client with a cache of %d bytes: %v", bytes, client)
		}
	}
	if got := dial(t, "localhost:1").CacheStats(); got != (sidecar.CacheStats{}) {
		t.Errorf("a client without a cache holds %+v", got)
	}
}

// cachingClient returns a client, and what fills its cache with sessions that make gives, under tokens that are part of something larger.
func cachingClient(t *testing.T, maxBytes int, make func(int) map[string]any) (*sidecar.Client, func(count int)) {
	t.Helper()
	var data map[string][]byte
	fake := startStreams(t, func(stream *fakeStream) error {
		return stream.serveCalls(func(call *sessionv1.PipelineCall) error {
			request := &sessionv1.GetSessionRequest{}
			if err := proto.Unmarshal(call.Request, request); err != nil {
				return err
			}
			now := timestamppb.Now()
			session := &sessionv1.Session{
				Handle: request.Token[:22], Data: data, CsrfToken: rand.Text(), Created: now, Accessed: now, Expires: now,
				IdleTimeout: &durationpb.Duration{Seconds: 1200}, Version: 1,
			}
			encoded, err := proto.Marshal(&sessionv1.GetSessionResponse{Session: session, Etag: []byte("0123456789abcdef")})
			if err != nil {
				return err
			}
			stream.reply(&sessionv1.PipelineReply{Id: call.Id, Outcome: &sessionv1.PipelineReply_Response{Response: encoded}})
			return nil
		})
	})
	client := dial(t, fake.address, sidecar.WithCache(maxBytes))
	// One for all: each that has a deadline would be held until the end of the test.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return client, func(count int) {
		for number := range count {
			data = map[string][]byte{}
			for key, value := range make(number) {
				text, err := json.Marshal(value)
				check(t, err)
				data[key] = text
			}
			header := strings.Repeat(" ", 4096) + rand.Text() + rand.Text() + rand.Text()[:16]
			_, err := client.Open(ctx, header[4096:])
			check(t, err)
		}
		fake.forget()
	}
}

func used() int {
	var stats runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}

var sessionShapes = map[string]func(int) map[string]any{
	"one number": func(int) map[string]any { return map[string]any{"count": 1} },
	"about 300 bytes": func(number int) map[string]any {
		user := map[string]any{"id": number, "name": fmt.Sprint("Ada Lovelace ", number), "roles": []string{"admin"}}
		return map[string]any{"user": user, "cart": []string{"tea", "milk"}, "visits": number, "note": strings.Repeat("x", 120)}
	},
	"20 keys": func(number int) map[string]any {
		data := map[string]any{}
		for key := range 20 {
			data[fmt.Sprint("key", key)] = fmt.Sprint("value ", number, key)
		}
		return data
	},
	"4 KB": func(int) map[string]any { return map[string]any{"text": strings.Repeat("x", 4096)} },
}

func TestSessionsAreCountedAsWhatTheyHold(t *testing.T) {
	onlyPipeline(t)
	for name, shape := range sessionShapes {
		t.Run(name, func(t *testing.T) {
			client, fill := cachingClient(t, 1<<30, shape)
			fill(200)
			before, usedBefore := client.CacheStats(), used()
			fill(1500)
			held, counted := used()-usedBefore, client.CacheStats().Bytes-before.Bytes
			// Too little would break the limit; too much would waste it.
			if ratio := float64(counted) / float64(held); ratio < 0.85 || ratio > 1.8 {
				t.Errorf("%d bytes are counted of %d that are held: %.2f", counted, held, ratio)
			}
			runtime.KeepAlive(client)
		})
	}
}

func TestACacheHoldsNoMoreThanItsSizeAndKeepsWhatIsUsed(t *testing.T) {
	onlyPipeline(t)
	const maxBytes = 1 << 20
	client, fill := cachingClient(t, maxBytes, sessionShapes["about 300 bytes"])
	fill(3000)
	stats := client.CacheStats()
	if stats.Bytes > maxBytes || stats.Bytes < maxBytes/2 || stats.Sessions < 200 {
		t.Errorf("it holds %+v", stats)
	}
}
