package main

import (
	"context"
	"fmt"
	"time"

	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	"github.com/gomodule/redigo/redis"
)

// scsSide calls scs as its middleware LoadAndSave does. With an idle timeout, every request stores its session again, because that is
// how scs records an access. Without one, sessions expire at a fixed time.
type scsSide struct {
	manager *scs.SessionManager
	pool    *redis.Pool
	tokens  []string
}

func newSCSSide(to target, idleTimeout time.Duration) side {
	pool := newPool(to)
	manager := scs.New()
	manager.Store = redisstore.New(pool)
	manager.IdleTimeout = idleTimeout
	return &scsSide{manager: manager, pool: pool}
}

// newPool keeps a connection for each operation in flight. That favours the sides that use it, whose documentation suggests 10.
func newPool(to target) *redis.Pool {
	address := fmt.Sprintf("127.0.0.1:%d", to.RedisPort)
	return &redis.Pool{MaxIdle: 256, Dial: func() (redis.Conn, error) { return redis.Dial("tcp", address) }}
}

func (s *scsSide) use(ids []string) { s.tokens = ids }

func (s *scsSide) create(values shop) (string, error) {
	ctx, err := s.manager.Load(context.Background(), "")
	if err != nil {
		return "", err
	}
	s.manager.Put(ctx, "user", values.User)
	s.manager.Put(ctx, "cart", values.Cart)
	s.manager.Put(ctx, "page", values.Page)
	token, _, err := s.manager.Commit(ctx)
	return token, err
}

func (s *scsSide) read(n int) error {
	return s.request(n, func(context.Context) {})
}

func (s *scsSide) write(n int) error {
	return s.request(n, func(ctx context.Context) { s.manager.Put(ctx, "page", nextPage()) })
}

func (s *scsSide) request(n int, handle func(context.Context)) error {
	ctx, err := s.manager.Load(context.Background(), s.tokens[n])
	if err != nil {
		return err
	}
	found, _ := s.manager.Get(ctx, "user").(user)
	if err := checkUser(found, n); err != nil {
		return err
	}
	handle(ctx)
	if s.manager.Status(ctx) == scs.Modified {
		_, _, err = s.manager.Commit(ctx)
	}
	return err
}

func (s *scsSide) close() error { return s.pool.Close() }
