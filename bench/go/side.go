package main

import "time"

// side is one way to store sessions, as an application uses it; see bench/src/sides/side.ts.
type side interface {
	// create stores a session and returns its identifier: a token, or the value of a cookie.
	create(values shop) (string, error)
	// use receives the identifiers of all sessions by number, which are filled in as the sessions are created.
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
