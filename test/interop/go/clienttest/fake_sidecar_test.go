// Package clienttest tests the Go client against a fake sidecar, whose answers each test decides.
package clienttest

import (
	"context"
	"net"
	"path"
	"sync"
	"testing"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
)

// call is one RPC as it arrived.
type call struct {
	method   string
	metadata metadata.MD
	left     time.Duration // until its deadline
}

// answer returns the reply to the call with this number, counted from 1.
type answer func(number int, call call) (any, error)

type fakeSidecar struct {
	sessionv1.UnimplementedSessionServiceServer
	server  *grpc.Server
	address string
	answer  answer
	// serve serves a stream; nil: the calls on it are answered by answer.
	serve func(*fakeStream) error

	mu      sync.Mutex
	calls   []call
	unary   int // how many of the calls were unary
	streams []*fakeStream
}

func startFake(t *testing.T, answer answer) *fakeSidecar {
	t.Helper()
	return serveFake(t, listen(t, "127.0.0.1:0"), &fakeSidecar{answer: answer})
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	check(t, err)
	return listener
}

func serveFake(t *testing.T, listener net.Listener, fake *fakeSidecar) *fakeSidecar {
	fake.address = listener.Addr().String()
	fake.server = grpc.NewServer(grpc.UnaryInterceptor(fake.intercept))
	sessionv1.RegisterSessionServiceServer(fake.server, fake)
	go func() { _ = fake.server.Serve(listener) }()
	t.Cleanup(fake.server.Stop)
	return fake
}

func (f *fakeSidecar) intercept(ctx context.Context, _ any, info *grpc.UnaryServerInfo, _ grpc.UnaryHandler) (any, error) {
	arrived := call{method: path.Base(info.FullMethod)}
	arrived.metadata, _ = metadata.FromIncomingContext(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		arrived.left = time.Until(deadline)
	}
	f.mu.Lock()
	f.unary++
	f.mu.Unlock()
	reply, err := f.answer(f.note(arrived), arrived)
	if refusal, ok := err.(*refusal); ok {
		if refusal.pushback != "" {
			_ = grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", refusal.pushback))
		}
		err = refusal.status()
	}
	return reply, err
}

// note records a call that has arrived, and returns its number.
func (f *fakeSidecar) note(arrived call) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = append(f.calls, arrived)
	return len(f.calls)
}

func (f *fakeSidecar) received() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]call(nil), f.calls...)
}

func (f *fakeSidecar) streamCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.streams)
}

func (f *fakeSidecar) unaryCount() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.unary
}

// arrived returns the calls of a method on all streams, answered or not.
func (f *fakeSidecar) arrived(method string) (calls []*sessionv1.PipelineCall) {
	f.mu.Lock()
	streams := append([]*fakeStream(nil), f.streams...)
	f.mu.Unlock()
	for _, stream := range streams {
		for _, each := range stream.arrivedCalls() {
			if each.Method == method {
				calls = append(calls, each)
			}
		}
	}
	return calls
}

// forget frees the memory of recorded calls.
func (f *fakeSidecar) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = nil
	for _, stream := range f.streams {
		stream.mu.Lock()
		stream.frames = nil
		stream.mu.Unlock()
	}
}
