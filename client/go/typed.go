package sidecar

import "context"

// Get returns the value at a key and whether the key exists. It decodes as Session.Get does: JSON null is the zero value of T, and T
// may be a pointer, to distinguish the two. It fails with VALUE_UNREADABLE if the value does not fit T.
func Get[T any](s *Session, key string) (value T, found bool, err error) {
	found, err = s.Get(key, &value)
	return value, found, err
}

// GetOr is like Get, and returns a fallback if the key does not exist.
func GetOr[T any](s *Session, key string, fallback T) (T, error) {
	value, found, err := Get[T](s, key)
	if err == nil && !found {
		return fallback, nil
	}
	return value, err
}

// Pop is like Get, and removes the key unless that fails.
func Pop[T any](s *Session, key string) (value T, found bool, err error) {
	found, err = s.Pop(key, &value)
	return value, found, err
}

// PeekFlash returns the messages of a queue, as Session.PeekFlash does.
func PeekFlash[T any](ctx context.Context, s *Session, queue string) (messages []T, err error) {
	err = s.PeekFlash(ctx, queue, &messages)
	return messages, err
}

// PopFlash returns the messages of a queue and removes them, as Session.PopFlash does.
func PopFlash[T any](ctx context.Context, s *Session, queue string) (messages []T, err error) {
	err = s.PopFlash(ctx, queue, &messages)
	return messages, err
}

// PopFlashAndSave is PopFlash and Session.Save in one call, as Session.PopFlashAndSave is.
func PopFlashAndSave[T any](ctx context.Context, s *Session, queue string) (messages []T, err error) {
	err = s.PopFlashAndSave(ctx, queue, &messages)
	return messages, err
}
