package sidecar

import (
	"context"
	"math/rand/v2"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// Transform atomically replaces the value at a key with the result of change, so that no parallel change to it is lost. change receives
// the current value, or the zero value if the key does not exist, and runs again with the new value if another request changed the
// session first. Transform stores the result without Save and returns it.
//
// On a session that is not stored, Transform is like Set. If the key has unsaved changes, change receives the unsaved value, and
// Transform saves all unsaved changes. After 50 lost races, it fails with VERSION_MISMATCH.
func Transform[T any](ctx context.Context, s *Session, key string, change func(T) T) (T, error) {
	var value T
	if s.stored == nil || s.data.isWritten(key) {
		if _, err := s.Get(key, &value); err != nil {
			return value, err
		}
		value = change(value)
		if err := s.Set(key, value); err != nil || s.stored == nil {
			return value, err
		}
		return value, s.Save(ctx)
	}
	for attempt := 1; ; attempt++ {
		value, err := tryTransform(ctx, s, key, change)
		if CodeOf(err) != CodeVersionMismatch || attempt == 50 {
			return value, err
		}
		// A random pause keeps requests that lost the same race from meeting in the next one.
		select {
		case <-time.After(rand.N(time.Duration(min(attempt, 20)) * time.Millisecond)):
		case <-ctx.Done():
			return value, notTried(ctx, "GetSession")
		}
	}
}

func tryTransform[T any](ctx context.Context, s *Session, key string, change func(T) T) (value T, err error) {
	loaded, err := s.client.stub.GetSession(ctx, &sessionv1.GetSessionRequest{Token: s.token})
	if err == nil {
		err = checkSession("GetSession", loaded.GetSession())
	}
	if err != nil {
		return value, err
	}
	if text, ok := loaded.Session.Data[key]; ok {
		if err = decodeAt(key, text, &value); err != nil {
			return value, err
		}
	}
	value = change(value)
	text, err := encodeAt(key, value)
	if err != nil {
		return value, err
	}
	set := &sessionv1.Mutation{Kind: &sessionv1.Mutation_Set{Set: &sessionv1.Set{Key: key, Value: text}}}
	request := &sessionv1.UpdateSessionRequest{Token: s.token, Mutations: []*sessionv1.Mutation{set}, IfVersion: &loaded.Session.Version, Fence: s.fence}
	response, err := s.client.stub.UpdateSession(ctx, request)
	if err == nil {
		s.data.adopt(key, text)
		s.changed(response.Version, true)
		s.stored.Version, s.stored.Expires = response.Version, response.Expires
	}
	return value, err
}
