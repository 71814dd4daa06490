package sidecar

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/stats"
)

// WithStatsHandler reports the beginning and the end of each call and each retry to a handler, for example that of otelgrpc, and sends
// the metadata that the handler adds. Use it instead of grpc.WithStatsHandler, which sees only the stream that carries the calls.
func WithStatsHandler(handler stats.Handler) grpc.DialOption {
	return grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		begin := time.Now()
		ctx = handler.TagRPC(ctx, &stats.RPCTagInfo{FullMethodName: method})
		handler.HandleRPC(ctx, &stats.Begin{Client: true, BeginTime: begin})
		err := invoke(ctx, method, request, response, conn, options...)
		handler.HandleRPC(ctx, &stats.End{Client: true, BeginTime: begin, EndTime: time.Now(), Error: err})
		return err
	})
}
