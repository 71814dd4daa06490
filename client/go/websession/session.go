package websession

import (
	"context"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// Load returns the visitor's session, which it opens at the first call in a request. It fails with an error of status 503 if the sidecar
// or its store is unavailable, and of status 500 if this session cannot be read; Destroy then lets the visitor go on.
//
// The session is not safe for concurrent use. The other methods of a Manager that take the context of a request are, also beside each
// other. Those that return no error let the response fail instead: the ErrorHandler answers, unless the handler answers with status 400
// or above. They panic if the request has not passed LoadAndSave.
func (m *Manager) Load(ctx context.Context) (*sidecar.Session, error) {
	v, ok := ctx.Value(contextKey{m}).(*visit)
	if !ok {
		return nil, errNoMiddleware
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.load(ctx)
}

// Get returns the value at a key, or the zero value if the key does not exist. It decodes as sidecar.Session.Get does.
func Get[T any](ctx context.Context, m *Manager, key string) (value T, err error) {
	err = m.do(ctx, func(s *sidecar.Session) (err error) {
		value, err = sidecar.GetOr(s, key, value)
		return err
	})
	return value, err
}

// GetString returns the text at a key; "" if the key does not exist or has another kind of value.
func (m *Manager) GetString(ctx context.Context, key string) string {
	return lenient[string](ctx, m, key)
}

// GetInt returns the integer at a key; 0 if the key does not exist or has another kind of value.
func (m *Manager) GetInt(ctx context.Context, key string) int { return lenient[int](ctx, m, key) }

// GetInt64 is like GetInt.
func (m *Manager) GetInt64(ctx context.Context, key string) int64 { return lenient[int64](ctx, m, key) }

// GetFloat returns the number at a key; 0 if the key does not exist or has another kind of value.
func (m *Manager) GetFloat(ctx context.Context, key string) float64 {
	return lenient[float64](ctx, m, key)
}

// GetBool returns the Boolean at a key; false if the key does not exist or has another kind of value.
func (m *Manager) GetBool(ctx context.Context, key string) bool { return lenient[bool](ctx, m, key) }

// GetTime returns the time at a key, which is text in the format of RFC 3339; the zero time if the key does not exist or has another kind
// of value.
func (m *Manager) GetTime(ctx context.Context, key string) time.Time {
	return lenient[time.Time](ctx, m, key)
}

// PopString is like GetString, and removes the key.
func (m *Manager) PopString(ctx context.Context, key string) (text string) {
	m.use(ctx, func(s *sidecar.Session) error {
		text = valueOf[string](s, key)
		s.Delete(key)
		return nil
	})
	return text
}

// Exists reports whether a key exists.
func (m *Manager) Exists(ctx context.Context, key string) (exists bool) {
	m.use(ctx, func(s *sidecar.Session) error {
		exists = s.Has(key)
		return nil
	})
	return exists
}

// Keys returns all keys, sorted.
func (m *Manager) Keys(ctx context.Context) (keys []string) {
	m.use(ctx, func(s *sidecar.Session) error {
		keys = s.Keys()
		return nil
	})
	return keys
}

// Put writes a value, which JSON must be able to hold.
func (m *Manager) Put(ctx context.Context, key string, value any) {
	m.use(ctx, func(s *sidecar.Session) error { return s.Set(key, value) })
}

// Remove removes a key.
func (m *Manager) Remove(ctx context.Context, key string) {
	m.use(ctx, func(s *sidecar.Session) error {
		s.Delete(key)
		return nil
	})
}

// Clear removes all keys. It keeps the session, its flash messages and its CSRF token.
func (m *Manager) Clear(ctx context.Context) {
	m.use(ctx, func(s *sidecar.Session) error {
		s.Clear()
		return nil
	})
}

// SetSubject sets who the session belongs to, for example a user id; see sidecar.Session.SetSubject.
func (m *Manager) SetSubject(ctx context.Context, subject string) {
	m.use(ctx, func(s *sidecar.Session) error {
		s.SetSubject(subject)
		return nil
	})
}

// SetLabel sets what describes the session to its owner in a list of sessions, for example the device and the address; see
// sidecar.Session.SetLabel.
func (m *Manager) SetLabel(ctx context.Context, label string) {
	m.use(ctx, func(s *sidecar.Session) error {
		s.SetLabel(label)
		return nil
	})
}

// Flash adds a message for a later page, usually the one after a redirect.
func (m *Manager) Flash(ctx context.Context, message string) {
	m.use(ctx, func(s *sidecar.Session) error { return s.PushFlash("", message) })
}

// PopFlash returns the messages and removes them. No two requests get the same message.
func (m *Manager) PopFlash(ctx context.Context) (messages []string, err error) {
	err = m.do(ctx, func(s *sidecar.Session) (err error) {
		messages, err = sidecar.PopFlash[string](ctx, s, "")
		return err
	})
	return messages, err
}

// RenewToken replaces the token and the CSRF token, and saves, in one step; see sidecar.Session.Regenerate. Call it when the visitor's
// privileges change, after writing what the visitor may do from now on. At login, call RenewTokenOrCreate.
func (m *Manager) RenewToken(ctx context.Context, options ...sidecar.RegenerateOption) error {
	return m.do(ctx, func(s *sidecar.Session) error { return s.Regenerate(ctx, options...) })
}

// RenewTokenOrCreate is RenewToken for logins, which a double click sends twice: the second goes on with a new session that holds only what
// its own request has written, and does not fail; see sidecar.Session.RegenerateOrCreate.
func (m *Manager) RenewTokenOrCreate(ctx context.Context) error {
	return m.do(ctx, func(s *sidecar.Session) error { return s.RegenerateOrCreate(ctx) })
}

// Destroy ends the session at once, for every process and every language, and deletes the cookie. Call it at logout. It also ends a
// session that cannot be read. What is written afterwards starts a new session.
func (m *Manager) Destroy(ctx context.Context) error {
	v := m.visitOf(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.end(ctx)
}

// CSRFToken returns a token for the forms of one response, see Protect. Each call returns another text, and all of them are accepted, so
// the token cannot be guessed from the sizes of compressed responses (BREACH). It stores the session of a new visitor.
func (m *Manager) CSRFToken(ctx context.Context) (token string, err error) {
	err = m.do(ctx, func(s *sidecar.Session) (err error) {
		token, err = s.CSRFToken(ctx)
		return err
	})
	if err != nil {
		return "", err
	}
	return maskToken(token), nil
}

func (m *Manager) visitOf(ctx context.Context) *visit {
	v, ok := ctx.Value(contextKey{m}).(*visit)
	if !ok {
		panic(errNoMiddleware.Error())
	}
	return v
}

// do uses the session, and returns what fails.
func (m *Manager) do(ctx context.Context, act func(*sidecar.Session) error) error {
	v := m.visitOf(ctx)
	v.mu.Lock()
	defer v.mu.Unlock()
	session, err := v.load(ctx)
	if err != nil {
		return err
	}
	return act(session)
}

// use is do for methods that cannot return what fails.
func (m *Manager) use(ctx context.Context, act func(*sidecar.Session) error) {
	if err := m.do(ctx, act); err != nil {
		v := m.visitOf(ctx)
		v.mu.Lock()
		defer v.mu.Unlock()
		v.fail(err)
	}
}

func lenient[T any](ctx context.Context, m *Manager, key string) (value T) {
	m.use(ctx, func(s *sidecar.Session) error {
		value = valueOf[T](s, key)
		return nil
	})
	return value
}

// valueOf returns the zero value for another kind of value: a page must not fail because of what an older version has stored.
func valueOf[T any](s *sidecar.Session, key string) (zero T) {
	if value, err := sidecar.GetOr(s, key, zero); err == nil {
		return value
	}
	return zero
}
