package clienttest

import (
	"context"
	"strings"
	"sync"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
)

const (
	cachedHandle = "0123456789abcdefghijkl"
	cachedToken  = cachedHandle + "secret.signature"
)

// cacheWorld is a client with a cache and a sidecar with one session. Each test decides their steps.
type cacheWorld struct {
	*fakeSidecar
	t      *testing.T
	client *sidecar.Client
	end    chan struct{} // ends one stream

	mu         sync.Mutex
	session    *sessionv1.Session // nil: ended
	generation int
	liveMs     uint32
	isSilent   bool   // it ignores requests for confirmation
	confirmed  int    // number of requests that it has answered
	clock      uint64 // the clock that it confirms; 0: the requested one
	failure    error  // the error of updates, which are applied nevertheless
	hasNoEtags bool
	// notModified is sent for a session that has not changed.
	notModified *sessionv1.NotModified
	holds       bool     // whether replies are held
	held        []func() // each sends one held reply
}

func startCacheWorld(t *testing.T, options ...grpc.DialOption) *cacheWorld {
	t.Helper()
	onlyPipeline(t)
	w := &cacheWorld{t: t, liveMs: 3_600_000, end: make(chan struct{}), notModified: &sessionv1.NotModified{}}
	w.session = &sessionv1.Session{Handle: cachedHandle, CsrfToken: "csrf", Version: 1, Data: map[string][]byte{"count": []byte("0")}}
	w.fakeSidecar = serveFake(t, listen(t, "127.0.0.1:0"), &fakeSidecar{answer: w.answerUnary, serve: w.serveStream})
	w.client = dial(t, w.address, append([]grpc.DialOption{sidecar.WithCache(1 << 24)}, options...)...)
	return w
}

func (w *cacheWorld) openSession() *sidecar.Session {
	w.t.Helper()
	session, err := w.client.Open(patient(w.t), cachedToken)
	check(w.t, err)
	return session
}

// open opens the session, and returns its count and how it was opened: live, validated or missed.
func (w *cacheWorld) open() (count int, way string) {
	w.t.Helper()
	return w.openWith(patient(w.t))
}

func (w *cacheWorld) openWith(ctx context.Context) (count int, way string) {
	w.t.Helper()
	before := w.client.CacheStats()
	session, err := w.client.Open(ctx, cachedToken)
	check(w.t, err)
	after := w.client.CacheStats()
	_, err = session.Get("count", &count)
	check(w.t, err)
	var ways []string
	for name, done := range map[string]int64{
		"live": after.Live - before.Live, "validated": after.Validated - before.Validated, "missed": after.Missed - before.Missed,
	} {
		if done > 0 {
			ways = append(ways, name)
		}
	}
	return count, strings.Join(ways, " ")
}

func (w *cacheWorld) openLater() <-chan int {
	counts := make(chan int, 1)
	go func() {
		session, err := w.client.Open(patient(w.t), cachedToken)
		var count int
		if err == nil {
			_, err = session.Get("count", &count)
		}
		if err != nil {
			count = -1
		}
		counts <- count
	}()
	return counts
}

// save saves a count through the client.
func (w *cacheWorld) save(count int) error {
	w.t.Helper()
	session := w.openSession()
	check(w.t, session.Set("count", count))
	return session.Save(patient(w.t))
}

func (w *cacheWorld) expectOpened(count int, way string) {
	w.t.Helper()
	if gotCount, gotWay := w.open(); gotCount != count || gotWay != way {
		w.t.Errorf("the count is %d (%s) instead of %d (%s)", gotCount, gotWay, count, way)
	}
}

func (w *cacheWorld) expectEmpty() {
	w.t.Helper()
	if got := w.client.CacheStats(); got.Sessions != 0 || got.Bytes != 0 {
		w.t.Errorf("the cache has %+v", got)
	}
}

func (w *cacheWorld) becomeLive() {
	w.t.Helper()
	eventually(w.t, "a live read", w.isLive)
}

func (w *cacheWorld) isLive() bool {
	_, way := w.open()
	return way == "live"
}

// isOtherLive opens another session, which never changes, and reports whether it is live.
func (w *cacheWorld) isOtherLive() bool {
	w.t.Helper()
	before := w.client.CacheStats().Live
	_, err := w.client.Open(patient(w.t), "another-handle-of-22-cother")
	check(w.t, err)
	return w.client.CacheStats().Live > before
}

// awaitConfirmation returns when the client has received a confirmation that it requested after the call. It does not open the session.
func (w *cacheWorld) awaitConfirmation() {
	w.t.Helper()
	count := func() int {
		w.mu.Lock()
		defer w.mu.Unlock()
		return w.confirmed
	}
	before := count()
	eventually(w.t, "a confirmation", func() bool {
		w.isOtherLive()
		return count() > before
	})
	w.roundTrip()
}

// roundTrip returns when the client has processed everything that was sent on the stream.
func (w *cacheWorld) roundTrip() {
	w.t.Helper()
	check(w.t, w.makeRoundTrip())
}

func (w *cacheWorld) makeRoundTrip() error {
	session := w.client.Create()
	if err := session.Set("key", 1); err != nil {
		return err
	}
	return session.Save(patient(w.t))
}

// changeAndReport changes the session elsewhere, and returns when the client has processed the report.
func (w *cacheWorld) changeAndReport(count int) {
	w.t.Helper()
	w.change(count)
	w.reportNow()
	w.roundTrip()
}

// holdReply makes a call whose reply the sidecar holds.
func holdReply[T any](w *cacheWorld, call func() <-chan T) <-chan T {
	w.t.Helper()
	w.mu.Lock()
	w.holds = true
	count := len(w.held) + 1
	w.mu.Unlock()
	outcome := call()
	eventually(w.t, "the call", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.held) == count
	})
	w.set(func() { w.holds = false })
	return outcome
}

// release sends a reply that was held, by its number from 0.
func (w *cacheWorld) release(number int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[number]()
}

func (w *cacheWorld) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}
