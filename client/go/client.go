// Package sidecar provides sessions for web applications, stored by the session sidecar that runs beside the application.
package sidecar

import (
	"context"
	"math"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// DefaultTimeout is the time limit of a call whose context has no deadline, retries included.
// It outlasts a restart of the sidecar on a busy machine.
const DefaultTimeout = 3 * time.Second

// Client is an application's connection to its session sidecar. Create one and share it: it is safe for concurrent use. It
// connects at the first call and reconnects automatically.
type Client struct {
	conn *grpc.ClientConn
	stub sessionv1.SessionServiceClient
}

// Dial creates a client of the sidecar at an address such as localhost:50051 or unix:/run/session-sidecar.sock. It does not
// connect, so the sidecar need not be running yet: calls wait for it until their deadline. It fails only if gRPC cannot use the
// address or an option.
//
// Options are those of this package, such as WithAPIToken, and those of gRPC, such as interceptors for tracing. A custom dialer
// (grpc.WithContextDialer) disables the detection of connections that no longer answer.
func Dial(address string, options ...grpc.DialOption) (*Client, error) {
	monitor := newConnectionMonitor()
	own := []grpc.DialOption{
		// The sidecar listens on this host only.
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithContextDialer(monitor.dial),
		// Whether a call is safe to retry depends on its ErrorReason, which gRPC's own retries ignore.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		// The size of sessions is limited by the sidecar.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		// A restarted sidecar is soon back; by default, gRPC would reconnect after up to two minutes.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 100 * time.Millisecond},
			MinConnectTimeout: 500 * time.Millisecond,
		}),
	}
	conn, err := grpc.NewClient(address, append(own, options...)...)
	if err != nil {
		return nil, err
	}
	monitor.conn = conn
	return &Client{conn, sessionv1.NewSessionServiceClient(transport{conn, monitor})}, nil
}

// Open loads the session of a token, as received in the visitor's cookie. Without a token, or if its session has ended or the
// token is not genuine, it returns a new session, whose Origin tells these cases apart. It never stores anything.
//
// It fails if the sidecar or its store is unavailable: a visitor whose session cannot be read must not be mistaken for a new one.
func (c *Client) Open(ctx context.Context, token string) (*Session, error) {
	if token == "" {
		return c.Create(), nil
	}
	response, err := c.stub.GetSession(ctx, &sessionv1.GetSessionRequest{Token: token})
	switch CodeOf(err) {
	case "":
		if err := checkSession("GetSession", response.GetSession()); err != nil {
			return nil, err
		}
		session := newSession(c, Found)
		session.load(token, response.Session)
		return session, nil
	case CodeSessionNotFound:
		return newSession(c, NotFound), nil
	case CodeTokenInvalid, CodeInvalidArgument:
		// The token is the request's only field, so an invalid request means an invalid token.
		return newSession(c, TokenInvalid), nil
	default:
		return nil, err
	}
}

// Create returns a new session, for a visitor who cannot have one yet. Nothing is stored until it is saved.
func (c *Client) Create() *Session {
	return newSession(c, None)
}

// Close closes the connection. Later calls fail with CANCELLED.
func (c *Client) Close() error {
	return c.conn.Close()
}
