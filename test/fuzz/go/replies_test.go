package fuzz

import (
	"context"
	"errors"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
)

// FuzzReplies holds that, whatever a sidecar answers, no call panics, and each one that fails does so with an *Error of a known code.
func FuzzReplies(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{1, 0, 3, 0, 0, 0, 1, 1})
	for step := range steps {
		f.Add([]byte{1, 0, 3, 0, 1, 2, 1, 1, byte(step), 0, 1, 2, 3, byte(step), 6, 7})
		f.Add([]byte{0, byte(step), 0, 0, 0, 0, 0, 0, 6, 1, byte(step)})
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		s := &script{input: input}
		client, err := sidecar.Dial("localhost:1", grpc.WithChainUnaryInterceptor(s.answer))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		open := openings[s.below(len(openings))]
		call := func(act func(context.Context) error) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			check(t, act(ctx))
		}
		var session *sidecar.Session
		call(func(ctx context.Context) (err error) {
			session, err = open(ctx, client)
			return err
		})
		for count := 0; session != nil && count < 8 && !s.isOver(); count++ {
			step := steps[s.below(len(steps))]
			call(func(ctx context.Context) error { return step(ctx, session) })
			readAll(t, session)
		}
	})
}

// openings are the ways to get a session.
var openings = []func(context.Context, *sidecar.Client) (*sidecar.Session, error){
	func(ctx context.Context, c *sidecar.Client) (*sidecar.Session, error) { return c.Open(ctx, "") },
	func(ctx context.Context, c *sidecar.Client) (*sidecar.Session, error) { return c.Open(ctx, "t") },
	func(ctx context.Context, c *sidecar.Client) (*sidecar.Session, error) { return c.Open(ctx, "t", "u") },
	func(ctx context.Context, c *sidecar.Client) (*sidecar.Session, error) { return c.OpenByID(ctx, "i") },
	func(_ context.Context, c *sidecar.Client) (*sidecar.Session, error) { return c.CreateWithID("i") },
	func(ctx context.Context, c *sidecar.Client) (*sidecar.Session, error) {
		return c.Create(), c.Invalidate(ctx, "t", "u")
	},
}

func check(t *testing.T, err error) {
	if err == nil {
		return
	}
	var failure *sidecar.Error
	if !errors.As(err, &failure) {
		t.Fatalf("not an *Error: %T: %v", err, err)
	}
	if failure.HTTPStatus() == 0 {
		t.Fatalf("no code of docs/reference/errors.md: %q", failure.Code)
	}
}

// readAll reads everything there is to read, which is when what was received is decoded.
func readAll(t *testing.T, session *sidecar.Session) {
	var value any
	for _, key := range session.Keys() {
		_, err := session.Get(key, &value)
		check(t, err)
	}
	_, _, _, _ = session.Token(), session.Handle(), session.Version(), session.Subject()
	_, _ = session.Created(), session.Expires()
	_, _ = session.HasChanges(), session.CheckCSRFToken("c")
}

// steps is what an application does with a session.
var steps = []func(context.Context, *sidecar.Session) error{
	func(ctx context.Context, s *sidecar.Session) error { return s.Save(ctx) },
	func(_ context.Context, s *sidecar.Session) error { return s.Set("a", 1) },
	func(_ context.Context, s *sidecar.Session) error { return s.SetDefault("b", "x") },
	func(_ context.Context, s *sidecar.Session) error { s.Delete("a"); return nil },
	func(_ context.Context, s *sidecar.Session) error { s.Clear(); return nil },
	func(_ context.Context, s *sidecar.Session) error { return s.PushFlash("", "hello") },
	func(_ context.Context, s *sidecar.Session) error { return s.PushUniqueFlash("", "hello") },
	func(ctx context.Context, s *sidecar.Session) error { var all []any; return s.PeekFlash(ctx, "", &all) },
	func(ctx context.Context, s *sidecar.Session) error { var all []any; return s.PopFlash(ctx, "", &all) },
	func(ctx context.Context, s *sidecar.Session) error { _, err := s.CSRFToken(ctx); return err },
	func(ctx context.Context, s *sidecar.Session) error { _, err := s.NewCSRFToken(ctx); return err },
	func(ctx context.Context, s *sidecar.Session) error { return s.Regenerate(ctx) },
	func(ctx context.Context, s *sidecar.Session) error { return s.Invalidate(ctx) },
	func(_ context.Context, s *sidecar.Session) error { s.SetSubject("ada"); return nil },
	func(_ context.Context, s *sidecar.Session) error { s.SetIdleTimeout(time.Hour); return nil },
	func(_ context.Context, s *sidecar.Session) error { s.SetIdleTimeout(sidecar.Never); return nil },
	func(ctx context.Context, s *sidecar.Session) error {
		_, err := sidecar.Transform(ctx, s, "list", func(list []any) []any { return append(list, 1) })
		return err
	},
	func(_ context.Context, s *sidecar.Session) error {
		_, _, err := sidecar.Pop[any](s, "a")
		return err
	},
	func(_ context.Context, s *sidecar.Session) error {
		_, err := sidecar.GetOr(s, "list", []int64{})
		return err
	},
	func(ctx context.Context, s *sidecar.Session) error {
		_, err := sidecar.PopFlashAndSave[any](ctx, s, "")
		return err
	},
}
