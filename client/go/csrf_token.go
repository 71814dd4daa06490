package sidecar

import (
	"cmp"
	"context"
	"crypto/subtle"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// CSRFToken returns the CSRF token that the application's forms must carry. Only stored sessions have one, so it creates a session that
// is not stored. Otherwise it does not call the sidecar.
func (s *Session) CSRFToken(ctx context.Context) (string, error) {
	if s.stored == nil {
		if err := s.create(ctx); err != nil {
			return "", err
		}
	}
	return s.stored.CsrfToken, nil
}

// NewCSRFToken replaces the CSRF token and returns the new one. Forms with the old token are then rejected.
func (s *Session) NewCSRFToken(ctx context.Context) (string, error) {
	if s.stored != nil {
		response, err := s.client.stub.NewCsrfToken(ctx, &sessionv1.NewCsrfTokenRequest{Token: s.token})
		if err == nil {
			err = checkCSRFToken("NewCsrfToken", response.GetCsrfToken())
		}
		if err != nil {
			return "", err
		}
		s.stored.CsrfToken = response.CsrfToken
		s.changed(response.Version, true)
		s.stored.Version = cmp.Or(response.Version, s.stored.Version)
	}
	return s.CSRFToken(ctx)
}

// CheckCSRFToken compares a token with the CSRF token as loaded, in constant time. It returns false unless the session is stored.
func (s *Session) CheckCSRFToken(token string) bool {
	return token != "" && s.stored != nil && subtle.ConstantTimeCompare([]byte(token), []byte(s.stored.CsrfToken)) == 1
}
