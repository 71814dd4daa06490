package main

import (
	"context"
	"errors"
	"sync/atomic"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
)

// rawCalls makes calls over the transport of a client, without the client's retries and deadlines. An interceptor gives it access to
// that transport.
type rawCalls struct {
	conn    *grpc.ClientConn
	invoke  grpc.UnaryInvoker
	streams atomic.Int32 // streams opened so far
}

var errFound = errors.New("the transport is found")

func (r *rawCalls) intercept(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if r.invoke == nil {
		r.conn, r.invoke = conn, invoke
		return errFound
	}
	return invoke(ctx, method, request, response, conn, options...)
}

func (r *rawCalls) interceptStream(ctx context.Context, description *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, options ...grpc.CallOption) (grpc.ClientStream, error) {
	r.streams.Add(1)
	return open(ctx, description, conn, method, options...)
}

// findTransport makes a call that reaches the interceptor and is not sent.
func (r *rawCalls) findTransport(client *sidecar.Client) {
	if _, err := client.Open(context.Background(), "any"); !errors.Is(err, errFound) {
		panic(err)
	}
}

func (r *rawCalls) Invoke(ctx context.Context, method string, request, response any, options ...grpc.CallOption) error {
	return r.invoke(ctx, method, request, response, r.conn, options...)
}

func (r *rawCalls) NewStream(ctx context.Context, description *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	return r.conn.NewStream(ctx, description, method, options...)
}
