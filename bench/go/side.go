package main

import "time"

// side is one way to keep sessions, used as in an application. See bench/src/sides/side.ts.
type side interface {
	// create stores a session and returns what the browser receives: a token, or the value of a cookie.
	create(values shop) (string, error)
	// use passes the ids of all sessions by number. Each is filled in when its session is created.
	use(ids []string)
	read(n int) error
	write(n int) error
	close() error
}

type target struct {
	RedisPort int    `json:"redisPort"`
	Address   string `json:"address"`
}

var sides = map[string]func(target) (side, error){
	"go-sidecar":  newSidecarSide,
	"go-scs":      func(to target) (side, error) { return newSCSSide(to, 0), nil },
	"go-scs-idle": func(to target) (side, error) { return newSCSSide(to, 20*time.Minute), nil },
	"go-gorilla":  newGorillaSide,
}
