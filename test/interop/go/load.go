package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// load makes calls of every kind, with the client's default deadline, until stop.
type load struct {
	client  *sidecar.Client
	stopped atomic.Bool
	workers sync.WaitGroup

	mu       sync.Mutex
	calls    int
	failures map[string]int
	messages []string
	longest  time.Duration
}

func startLoad(client *sidecar.Client, workers int) *load {
	l := &load{client: client, failures: map[string]int{}, messages: []string{}}
	for range workers {
		l.workers.Add(1)
		go func() {
			defer l.workers.Done()
			for !l.stopped.Load() {
				l.visit()
			}
		}()
	}
	return l
}

func (l *load) stop() object {
	l.stopped.Store(true)
	l.workers.Wait()
	return l.report()
}

func (l *load) report() object {
	l.mu.Lock()
	defer l.mu.Unlock()
	return object{"calls": l.calls, "failures": l.failures, "messages": l.messages, "longestMs": l.longest.Milliseconds()}
}

// visit uses one session from its creation to its end, or until a call fails.
func (l *load) visit() {
	ctx := context.Background()
	session := l.client.Create()
	steps := []func(turn int) bool{
		func(turn int) bool {
			check(session.Set("turn", turn))
			check(session.PushFlash("", turn))
			return l.call("save", func() error { return session.Save(ctx) })
		},
		func(turn int) bool {
			opened := l.call("open", func() (err error) {
				session, err = l.client.Open(ctx, session.Token())
				return err
			})
			return opened && l.call("read", func() error {
				var stored int
				if _, err := session.Get("turn", &stored); err != nil || stored != turn {
					return fmt.Errorf("LOST: found %d, saved %d, %v", stored, turn, err)
				}
				return nil
			})
		},
		func(turn int) bool {
			return l.call("popFlash", func() error {
				var turns []int
				if err := session.PopFlash(ctx, "", &turns); err != nil || len(turns) != 1 || turns[0] != turn {
					return fmt.Errorf("popped %v, pushed %d: %w", turns, turn, err)
				}
				return nil
			})
		},
		func(int) bool { return l.call("regenerate", func() error { return session.Regenerate(ctx) }) },
		func(int) bool {
			return l.call("newCsrfToken", func() error {
				_, err := session.NewCSRFToken(ctx)
				return err
			})
		},
	}
	for turn := 0; turn < 20 && !l.stopped.Load(); turn++ {
		for _, step := range steps {
			if !step(turn) {
				return
			}
		}
	}
	l.call("invalidate", func() error { return session.Invalidate(ctx) })
}

// call makes one call, counts it, and reports whether it succeeded.
func (l *load) call(name string, make func() error) bool {
	begun := time.Now()
	err := make()
	took := time.Since(begun)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	l.longest = max(l.longest, took)
	if err == nil {
		return true
	}
	l.failures[name+" "+string(sidecar.CodeOf(err))]++
	if len(l.messages) < 20 {
		l.messages = append(l.messages, fmt.Sprintf("%s after %d ms: %v", name, took.Milliseconds(), err))
	}
	return false
}
