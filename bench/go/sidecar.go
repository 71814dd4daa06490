package main

import (
	"context"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// timeout is so long that a machine that stalls shows in the latencies and not as failed calls.
const timeout = 10 * time.Second

// sidecarSide is the sidecar through its Go client with default options.
type sidecarSide struct {
	client *sidecar.Client
	tokens []string
}

func newSidecarSide(to target) (side, error) {
	client, err := sidecar.Dial(to.Address)
	return &sidecarSide{client: client}, err
}

func (s *sidecarSide) use(ids []string) { s.tokens = ids }

func (s *sidecarSide) create(values shop) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	session := s.client.Create()
	for key, value := range map[string]any{"user": values.User, "cart": values.Cart, "page": values.Page} {
		if err := session.Set(key, value); err != nil {
			return "", err
		}
	}
	err := session.Save(ctx)
	return session.Token(), err
}

func (s *sidecarSide) open(ctx context.Context, n int) (*sidecar.Session, error) {
	session, err := s.client.Open(ctx, s.tokens[n])
	if err != nil {
		return nil, err
	}
	var found user
	if _, err := session.Get("user", &found); err != nil {
		return nil, err
	}
	return session, checkUser(found, n)
}

func (s *sidecarSide) read(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	_, err := s.open(ctx, n)
	return err
}

func (s *sidecarSide) write(n int) error {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	session, err := s.open(ctx, n)
	if err != nil {
		return err
	}
	if err := session.Set("page", nextPage()); err != nil {
		return err
	}
	return session.Save(ctx)
}

func (s *sidecarSide) close() error { return s.client.Close() }
