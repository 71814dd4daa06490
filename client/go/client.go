// Package sidecar keeps the sessions of a web application in the session sidecar that runs beside it.
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

// DefaultTimeout bounds a call whose context has no deadline. It outlasts a restart of the sidecar on a busy machine.
const DefaultTimeout = 3 * time.Second

// Client is the connection of an application to its sidecar. Make one and keep it: it may be used by many goroutines, connects
// at the first call, and connects again by itself.
type Client struct {
	conn *grpc.ClientConn
	stub sessionv1.SessionServiceClient
}

// Dial names the sidecar, for example localhost:50051 or unix:/run/session-sidecar.sock. It need not be up yet: calls wait for it
// until their deadline. Options are those of this package, such as WithAPIToken, and those of gRPC, for example interceptors for
// tracing. A dialer of your own (grpc.WithContextDialer) turns off the detection of connections that no longer answer.
func Dial(address string, options ...grpc.DialOption) (*Client, error) {
	liveness := newLiveness()
	own := []grpc.DialOption{
		// The sidecar listens on this host only.
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithContextDialer(liveness.dial),
		// Whether a call may be sent again depends on the reason it failed for, which the retries of gRPC do not look at.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		// The sidecar's own limits decide how large a session may be.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		// A restarted sidecar is back within moments. By default, it would be missed for up to two minutes more.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 100 * time.Millisecond},
			MinConnectTimeout: 500 * time.Millisecond,
		}),
	}
	conn, err := grpc.NewClient(address, append(own, options...)...)
	if err != nil {
		return nil, err
	}
	liveness.conn = conn
	return &Client{conn, sessionv1.NewSessionServiceClient(calls{conn, liveness})}, nil
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
		if err := checkSession("GetSession", response.GetSession()); err != nil {
			return nil, err
		}
		session := newSession(c, Found)
		session.load(token, response.Session)
		return session, nil
	case CodeSessionNotFound:
		return newSession(c, NotFound), nil
	case CodeTokenInvalid, CodeInvalidArgument:
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
