package main

import (
	"net/http"
	"sync"
)

// gate is a place where a request waits until another request lets it go on.
type gate struct {
	reached, opened         chan struct{}
	reachedOnce, openedOnce sync.Once
}

var gates sync.Map // string -> *gate

// gateOf returns the gate that a request names.
func gateOf(r *http.Request) *gate {
	found, _ := gates.LoadOrStore(r.FormValue("gate"), &gate{reached: make(chan struct{}), opened: make(chan struct{})})
	return found.(*gate)
}

func (g *gate) wait() {
	g.reachedOnce.Do(func() { close(g.reached) })
	<-g.opened
}

func (g *gate) open() { g.openedOnce.Do(func() { close(g.opened) }) }

func (g *gate) isReached() bool {
	select {
	case <-g.reached:
		return true
	default:
		return false
	}
}
