package main

import "time"

// side is one way to keep sessions, as an application would use it; see bench/src/sides/side.ts.
type side interface {
	// create stores a session and returns what the browser gets: a token, or the value of a cookie.
	create(values shop) (string, error)
	// use hands in the ids of all sessions by their numbers. They are filled in as they are created.
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
