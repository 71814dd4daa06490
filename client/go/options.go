package sidecar

import (
	"fmt"
	"time"

	"google.golang.org/grpc"
)

// settings are the values of the options of this package.
type settings struct {
	unary           bool
	token           *apiToken
	maxPendingCalls int
	maxPendingBytes int
	timeout         time.Duration
	hasCache        bool
	cacheBytes      int
}

// option is an option of this package. It is a DialOption, so that Dial takes it together with options of gRPC.
type option struct {
	grpc.DialOption
	set func(*settings)
}

// WithUnary makes each call as an HTTP/2 request of its own, at several times the cost of a call over the stream that all calls share
// by default. Without it, the client falls back to such requests if the sidecar does not support the stream.
func WithUnary() grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.unary = true }}
}

// WithTimeout limits a call whose context has no deadline, including its retries. The default is DefaultTimeout.
func WithTimeout(timeout time.Duration) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.timeout = timeout }}
}

// WithMaxPendingCalls limits the number of calls that wait for the sidecar, are in flight, or wait for a retry, so that an unresponsive
// sidecar does not exhaust the application's memory. Further calls wait, and fail with OVERLOADED at their deadline. The minimum is 1,
// the default 10,000.
func WithMaxPendingCalls(count int) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.maxPendingCalls = count }}
}

// WithMaxPendingBytes limits the total size of the requests of pending calls in the same way. A request that exceeds the limit waits
// until no other call is pending. The minimum is 1, the default 64 MiB.
func WithMaxPendingBytes(bytes int) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.maxPendingBytes = bytes }}
}

// WithCache keeps sessions in the application's memory. Opening one again then costs no call while the sidecar reports changes, and a
// small call otherwise. Changes made elsewhere are usually seen within milliseconds, and always within a second. Changes made through
// the same Client are seen at once. Interceptors and stats handlers see only the calls that are made.
//
// The cache takes up to approximately maxBytes, which must be at least 1, and drops the least recently used sessions first. A session of
// 300 bytes takes about 1.5 KB. By default, no session is kept.
func WithCache(maxBytes int) grpc.DialOption {
	return option{grpc.EmptyDialOption{}, func(s *settings) { s.hasCache, s.cacheBytes = true, maxBytes }}
}

func resolveOptions(options []grpc.DialOption) (settings, error) {
	s := settings{maxPendingCalls: 10_000, maxPendingBytes: 64 << 20, timeout: DefaultTimeout}
	for _, each := range options {
		if own, ok := each.(option); ok {
			own.set(&s)
		}
	}
	if s.maxPendingCalls < 1 || s.maxPendingBytes < 1 {
		return s, fmt.Errorf("expected limits of at least 1, got %d pending calls and %d pending bytes", s.maxPendingCalls, s.maxPendingBytes)
	}
	if s.timeout <= 0 {
		return s, fmt.Errorf("expected a timeout of more than 0, got %s", s.timeout)
	}
	if s.hasCache && s.cacheBytes < 1 {
		return s, fmt.Errorf("expected a cache of at least 1 byte, got %d", s.cacheBytes)
	}
	return s, nil
}
