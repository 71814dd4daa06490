package clienttest

import (
	"context"
	"strings"
)

// open opens the session, and returns its count and how that went.
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

// save changes the count through the client.
func (w *cacheWorld) save(count int) error {
	w.t.Helper()
	session, err := w.client.Open(patient(w.t), cachedToken)
	check(w.t, err)
	check(w.t, session.Set("count", count))
	return session.Save(patient(w.t))
}

// isOtherLive opens another session, which never changes.
func (w *cacheWorld) isOtherLive() bool {
	w.t.Helper()
	before := w.client.CacheStats().Live
	_, err := w.client.Open(patient(w.t), "another-handle-of-22-cother")
	check(w.t, err)
	return w.client.CacheStats().Live > before
}

// awaitConfirmation returns when the client has a confirmation that was requested from now on, without opening the session.
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
