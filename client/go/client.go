// Package sidecar keeps the sessions of a web application in the session sidecar that runs beside it.
package sidecar

import (
	"context"
	"encoding/json"
	"path"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/descriptorpb"
)

// DefaultTimeout bounds a call whose context has no deadline.
const DefaultTimeout = time.Second

// Client is the connection of an application to its sidecar. Make one and keep it: it may be used by many goroutines, connects
// at the first call, and connects again by itself.
type Client struct {
	conn *grpc.ClientConn
	stub sessionv1.SessionServiceClient
}

// Dial names the sidecar, for example localhost:50051 or unix:/run/session-sidecar.sock. It need not be up yet. Options are
// for interceptors such as those for tracing.
func Dial(address string, options ...grpc.DialOption) (*Client, error) {
	own := []grpc.DialOption{
		// The sidecar listens on this host only.
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultServiceConfig(retryPolicy()),
		grpc.WithChainUnaryInterceptor(bounded),
		// By default, a sidecar that was away for long would be missed for up to two minutes more.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: time.Second},
			MinConnectTimeout: time.Second,
		}),
	}
	conn, err := grpc.NewClient(address, append(own, options...)...)
	if err != nil {
		return nil, err
	}
	return &Client{conn, sessionv1.NewSessionServiceClient(conn)}, nil
}

// Open loads the session of a token, as it came in the visitor's cookie. Without a token, and with one whose session has ended
// or that is not genuine, it gives a new session, whose Origin says which. It never stores anything.
//
// It fails when the sidecar or its store cannot answer: a visitor whose session cannot be read is not a new visitor.
func (c *Client) Open(ctx context.Context, token string) (*Session, error) {
	if token == "" {
		return c.Create(), nil
	}
	response, err := c.stub.GetSession(ctx, &sessionv1.GetSessionRequest{Token: token})
	switch CodeOf(err) {
	case "":
		session := newSession(c, Found)
		session.load(token, response.Session)
		return session, nil
	case "SESSION_NOT_FOUND":
		return newSession(c, NotFound), nil
	case "TOKEN_INVALID", "INVALID_ARGUMENT":
		// The token is the request's only field, so it is what a refusal of the request is about.
		return newSession(c, TokenInvalid), nil
	default:
		return nil, err
	}
}

// Create gives a new session, for a visitor who cannot have one yet. Nothing is stored before its Save.
func (c *Client) Create() *Session {
	return newSession(c, None)
}

// Close ends the connection.
func (c *Client) Close() error {
	return c.conn.Close()
}

func bounded(ctx context.Context, method string, request, response any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	if _, ok := ctx.Deadline(); !ok {
		limited, cancel := context.WithTimeout(ctx, DefaultTimeout)
		defer cancel()
		ctx = limited
	}
	return toError(path.Base(method), invoke(ctx, method, request, response, conn, options...))
}

// retryPolicy lets gRPC try again, within the deadline, what the API says may run twice.
func retryPolicy() string {
	type object = map[string]any
	var names []object
	service := sessionv1.File_session_v1_session_service_proto.Services().Get(0)
	for i := range service.Methods().Len() {
		method := service.Methods().Get(i)
		if method.Options().(*descriptorpb.MethodOptions).GetIdempotencyLevel() != descriptorpb.MethodOptions_IDEMPOTENCY_UNKNOWN {
			names = append(names, object{"service": service.FullName(), "method": method.Name()})
		}
	}
	policy := object{
		"maxAttempts": 4, "initialBackoff": "0.05s", "maxBackoff": "0.2s", "backoffMultiplier": 2,
		"retryableStatusCodes": []string{"UNAVAILABLE"},
	}
	config, _ := json.Marshal(object{"methodConfig": []object{{"name": names, "retryPolicy": policy}}})
	return string(config)
}
