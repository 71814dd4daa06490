package clienttest

import (
	"context"
	"fmt"
	"sync"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

func TestAnOwnChangeIsSeenAtOnceWithoutACall(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	for count := 1; count <= 20; count++ {
		check(t, w.save(count))
		w.expectOpened(count, "live")
	}
}

func TestAnOwnChangeIsNotTakenBackByAReadThatItHasOvertaken(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	session := w.openSession()
	check(t, session.Set("count", 2))
	w.changeAndReport(1)
	w.expectOpened(1, "missed")
	w.set(func() { w.report(0) })
	w.roundTrip()
	read := holdReply(w, w.openLater)
	saved := holdReply(w, func() <-chan error { return background(func() error { return session.Save(patient(t)) }) })
	w.release(1)
	check(t, <-saved)
	w.release(0)
	if count := <-read; count != 1 {
		t.Errorf("the count was %d", count)
	}
	w.expectOpened(2, "live")
}

func TestAnOwnChangeToAnOutdatedCopyDropsIt(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	session := w.openSession()
	check(t, session.Set("other", true))
	w.change(1)
	check(t, session.Save(patient(t)))
	w.expectEmpty()
	w.expectOpened(1, "missed")
}

func TestAnOwnChangeToAnotherStateOfTheSameVersionDropsTheCopy(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	session := w.openSession()
	check(t, session.Set("other", true))
	w.set(func() {
		w.generation++
		w.session.Data["count"] = []byte("7")
	})
	check(t, session.Save(patient(t)))
	w.expectOpened(7, "missed")
}

func TestACopyIsNotTakenForAnotherStateOfTheSameVersion(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.set(func() {
		w.generation++
		w.session.Data["count"] = []byte("7")
	})
	w.reportAll()
	w.roundTrip()
	w.expectOpened(7, "missed")
}

func TestAChangeThatMayHaveBeenAppliedDropsTheCopy(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.set(func() { w.failure = storeUnavailable("true").(*refusal).status() })
	expectCode(t, w.save(5), sidecar.CodeStoreUnavailable)
	w.set(func() { w.failure = nil })
	w.expectOpened(5, "missed")
}

func TestAChangeThatTheCacheCannotFollowDropsTheCopy(t *testing.T) {
	ctx := patient(t)
	for name, act := range map[string]func(*sidecar.Session) error{
		"Regenerate":   func(s *sidecar.Session) error { return s.Regenerate(ctx) },
		"NewCSRFToken": func(s *sidecar.Session) error { _, err := s.NewCSRFToken(ctx); return err },
		"SetSubject":   func(s *sidecar.Session) error { s.SetSubject("ada"); return s.Save(ctx) },
		"SetIdleTimeout": func(s *sidecar.Session) error {
			s.SetIdleTimeout(sidecar.Never)
			return s.Save(ctx)
		},
		"PopFlash": func(s *sidecar.Session) error { return s.PopFlash(ctx, "waiting", new([]string)) },
	} {
		t.Run(name, func(t *testing.T) {
			w := startCacheWorld(t)
			w.set(func() { w.session.FlashQueues = append(w.session.FlashQueues, waiting()) })
			w.becomeLive()
			session := w.openSession()
			check(t, act(session))
			w.expectEmpty()
		})
	}
}

func TestAReadIsNotLiveIfAnOwnChangeOfUnknownVersionOvertookIt(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	session := w.openSession()
	w.changeAndReport(1)
	read := holdReply(w, w.openLater)
	renewed := holdReply(w, func() <-chan error {
		return background(func() error { _, err := session.NewCSRFToken(patient(t)); return err })
	})
	w.release(1)
	check(t, <-renewed)
	w.release(0)
	<-read
	w.expectOpened(1, "missed")
}

func TestAnOwnLogoutIsSeenAtOnce(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	session := w.openSession()
	check(t, session.Invalidate(patient(t)))
	expectOrigin(t, w, sidecar.OriginNotFound)
}

func TestALogoutElsewhereIsSeenOnceItIsReported(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	w.set(func() {
		w.session = nil
		w.report(0)
	})
	eventually(t, "the end", func() bool {
		session := w.openSession()
		return session.Origin() == sidecar.OriginNotFound
	})
	if got := w.client.CacheStats().Sessions; got != 0 {
		t.Errorf("%d sessions are kept", got)
	}
}

func expectOrigin(t *testing.T, w *cacheWorld, origin sidecar.Origin) {
	t.Helper()
	session := w.openSession()
	if session.Origin() != origin {
		t.Errorf("the origin is %s", session.Origin())
	}
}

func TestEachGoroutineSeesItsOwnChangesWhateverOthersDo(t *testing.T) {
	w := startCacheWorld(t)
	w.becomeLive()
	ctx, cancel := context.WithCancel(patient(t))
	var elsewhere sync.WaitGroup
	elsewhere.Add(1)
	go func() {
		defer elsewhere.Done()
		for count := 1; ctx.Err() == nil; count++ {
			w.change(count)
			w.reportNow()
			if count%50 == 0 {
				w.reportAll()
			}
			w.open()
		}
	}()
	const goroutines, changes = 8, 50
	var own sync.WaitGroup
	for number := range goroutines {
		own.Add(1)
		go func() {
			defer own.Done()
			key := fmt.Sprint("key", number)
			for value := 1; value <= changes; value++ {
				session, err := w.client.Open(patient(t), cachedToken)
				if err == nil {
					err = session.Set(key, value)
				}
				if err == nil {
					err = session.Save(patient(t))
				}
				var got int
				if err == nil {
					session, err = w.client.Open(patient(t), cachedToken)
				}
				if err == nil {
					_, err = session.Get(key, &got)
				}
				if err != nil || got != value {
					t.Errorf("%s is %d instead of %d (%v)", key, got, value, err)
					return
				}
			}
		}()
	}
	own.Wait()
	cancel()
	elsewhere.Wait()
	if stats := w.client.CacheStats(); stats.Live == 0 || stats.Reported == 0 {
		t.Errorf("nothing was tried: %+v", stats)
	}
}
