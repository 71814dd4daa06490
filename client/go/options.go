package sidecar

import (
	"fmt"

	"google.golang.org/grpc"
)

// settings are what the options of this package set.
type settings struct {
	unary           bool
	token           *apiToken
	maxPendingCalls int
	maxPendingBytes int
	hasCache        bool
	cacheBytes      int
}

// option is an option of this package among those given to Dial.
type option struct {
	grpc.DialOption
	set func(*settings)
}

// WithUnary sends each call as an HTTP/2 request of its own instead of all calls over one stream, which costs a fraction. Default:
// the stream, and a request for each call if the sidecar does not support it.
func WithUnary() grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.unary = true }}
}

// WithMaxPendingCalls limits how many calls wait for the sidecar, are in flight, or wait for a retry, so that an unresponsive sidecar
// does not exhaust the application's memory. Further calls wait, and fail with OVERLOADED at their deadline. At least 1. Default:
// 10,000.
func WithMaxPendingCalls(count int) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.maxPendingCalls = count }}
}

// WithMaxPendingBytes limits the total size of the requests of pending calls in the same way. A single request may exceed it, or it
// could never be sent. At least 1. Default: 64 MiB.
func WithMaxPendingBytes(bytes int) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.maxPendingBytes = bytes }}
}

// WithCache keeps sessions in the application's memory, so that opening one again costs no call while the sidecar reports changes, and
// a small one otherwise. A change elsewhere is seen within milliseconds as a rule, and within a second whatever fails. Own changes are
// seen at once. Interceptors and stats handlers see the calls that are made.
//
// The cache takes up to about maxBytes, at least 1. The sessions used least recently are dropped first. A session of 300 bytes takes
// about 1.5 KB. Default: no session is kept.
func WithCache(maxBytes int) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.hasCache, s.cacheBytes = true, maxBytes }}
}

func resolveOptions(options []grpc.DialOption) (settings, error) {
	s := settings{maxPendingCalls: 10_000, maxPendingBytes: 64 << 20}
	for _, each := range options {
		if own, ok := each.(option); ok {
			own.set(&s)
		}
	}
	if s.maxPendingCalls < 1 || s.maxPendingBytes < 1 {
		return s, fmt.Errorf("expected limits of at least 1, got %d pending calls and %d pending bytes", s.maxPendingCalls, s.maxPendingBytes)
	}
	if s.hasCache && s.cacheBytes < 1 {
		return s, fmt.Errorf("expected a cache of at least 1 byte, got %d", s.cacheBytes)
	}
	return s, nil
}
