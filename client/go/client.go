// Package sidecar provides sessions for web applications, stored by the session sidecar that runs beside the application.
package sidecar

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
)

// DefaultTimeout limits a call whose context has no deadline, including its retries, unless WithTimeout changes it. It outlasts a restart of the sidecar on a busy
// machine.
const DefaultTimeout = 3 * time.Second

// window is how many bytes the sidecar may send before they are read.
const window = 4 << 20

// Client is an application's connection to its session sidecar. Create one with Dial and share it: it is safe for concurrent use. It
// connects at the first call and reconnects automatically.
type Client struct {
	stub    sessionv1.SessionServiceClient
	cache   *sessionCache // nil: none
	monitor *connectionMonitor
	close   func() error
}

// Dial creates a client of the sidecar at an address such as localhost:50051 or unix:/run/session-sidecar.sock. It does not connect, so
// the sidecar need not be running yet: calls wait for it until their deadline. Dial fails only if an option is invalid or gRPC cannot
// use the address.
//
// All calls share one stream, which costs a fraction of an HTTP/2 request for each call; see WithUnary.
//
// Options are those of this package, such as WithAPIToken, and those of gRPC. Unary interceptors apply to each call, stream
// interceptors, stats handlers and credentials to the stream. A custom dialer (grpc.WithContextDialer) disables the detection of
// connections that no longer answer.
func Dial(address string, options ...grpc.DialOption) (*Client, error) {
	settings, err := resolveOptions(options)
	if err != nil {
		return nil, err
	}
	monitor := newConnectionMonitor()
	pipeline := newPipeline(settings.token)
	own := []grpc.DialOption{
		// The sidecar listens on this host only.
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithContextDialer(monitor.dial),
		// gRPC's own retries ignore the ErrorReason, which says whether a call is safe to retry.
		grpc.WithDisableRetry(),
		grpc.WithDisableServiceConfig(),
		// The sidecar limits the size of sessions.
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(math.MaxInt32)),
		// By default, gRPC measures the connection with a ping for almost every reply, to find windows of this size.
		grpc.WithStaticStreamWindowSize(window),
		grpc.WithStaticConnWindowSize(window),
		// A restarted sidecar is back soon. By default, gRPC would wait up to two minutes before it reconnects.
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 50 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 100 * time.Millisecond},
			MinConnectTimeout: 500 * time.Millisecond,
		}),
	}
	all := slices.Concat(own, options)
	if !settings.unary {
		// It is the last interceptor, so those of the application apply to calls on the stream too.
		all = append(all, grpc.WithChainUnaryInterceptor(pipeline.intercept))
	}
	conn, err := grpc.NewClient(address, all...)
	if err != nil {
		return nil, err
	}
	monitor.conn = conn
	pipeline.stub = sessionv1.NewSessionServiceClient(conn)
	limits := newPendingLimits(settings.maxPendingCalls, settings.maxPendingBytes)
	client := &Client{monitor: monitor, stub: sessionv1.NewSessionServiceClient(transport{conn, monitor, limits, settings.timeout})}
	if settings.cacheBytes > 0 {
		client.cache = newSessionCache(client.stub, settings.cacheBytes, pipeline.confirm)
		client.stub, pipeline.listener = client.cache, client.cache
	}
	client.close = func() error {
		pipeline.close()
		if client.cache != nil {
			client.cache.clear()
		}
		return conn.Close()
	}
	return client, nil
}

// String describes the client for logs by its address. Without it, fmt would read what the client's goroutines write.
func (c *Client) String() string { return fmt.Sprintf("Client(%s)", c.monitor.conn.Target()) }

// Open loads the session of a token, as received in the visitor's cookie. If the token is empty or not genuine, or its session has
// ended, Open returns a new session, and Origin says which was the case. It never stores anything.
//
// A browser may send several cookies of one name. Of several tokens, up to three different ones are tried in order, one call each, and
// the first session that is found is returned. If none is found, Origin describes the first token.
//
// Open fails if the sidecar or its store is unavailable, because a visitor whose session cannot be read must not be mistaken for a new
// one.
func (c *Client) Open(ctx context.Context, tokens ...string) (*Session, error) {
	var first Origin
	for _, token := range distinctTokens(tokens) {
		stored, err := c.load(ctx, token)
		origin := OriginFound
		switch code := CodeOf(err); {
		case err == nil:
			session := newSession(c, OriginFound)
			session.load(token, stored)
			return session, nil
		case code == CodeSessionNotFound:
			origin = OriginNotFound
		case isNoToken(code):
			origin = OriginTokenInvalid
		default:
			return nil, err
		}
		first = cmp.Or(first, origin)
	}
	return newSession(c, cmp.Or(first, OriginNone)), nil
}

// maxTokens limits the calls that one request can cause.
const maxTokens = 3

// distinctTokens returns the tokens to try.
func distinctTokens(tokens []string) []string {
	var distinct []string
	for _, token := range tokens {
		if token != "" && len(distinct) < maxTokens && !slices.Contains(distinct, token) {
			distinct = append(distinct, token)
		}
	}
	return distinct
}

// isNoToken reports whether a call failed because of its token. It is the request's only field, so an invalid request means an invalid
// token.
func isNoToken(code Code) bool { return code == CodeTokenInvalid || code == CodeInvalidArgument }

func (c *Client) load(ctx context.Context, token string) (*sessionv1.Session, error) {
	if c.cache != nil {
		return c.cache.open(ctx, token)
	}
	response, err := c.stub.GetSession(ctx, &sessionv1.GetSessionRequest{Token: token})
	if err != nil {
		return nil, err
	}
	return response.GetSession(), checkSession("GetSession", response.GetSession())
}

// CacheStats returns what the cache has done and what it holds. Without WithCache, all counts are 0.
func (c *Client) CacheStats() CacheStats {
	if c.cache == nil {
		return CacheStats{}
	}
	return c.cache.stats()
}

// Create returns a new session, for a visitor without one. It is not stored until it is saved.
func (c *Client) Create() *Session {
	return newSession(c, OriginNone)
}

// CreateUnavailable returns an empty session for a visitor whose own cannot be loaded, for pages that are to be served nevertheless.
// What would store or end something fails with err, so that the visitor does not get another session.
func (c *Client) CreateUnavailable(err error) *Session {
	session := newSession(c, OriginNone)
	session.unavailable = err
	return session
}

// CreateWithID is like Create, and makes OpenByID find the session by an id of the application's own, so that it need not keep the token.
// Save fails with VERSION_MISMATCH if there is a session with this id. Invalidate frees the id; Regenerate keeps it from finding the
// session.
//
// An id has 1 to 256 bytes of UTF-8 without control characters; CreateWithID fails for any other. It is as secret as a token and must be
// unguessable, but has no signature: never take one from a browser without verifying that the application has issued it.
func (c *Client) CreateWithID(id string) (*Session, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	return newSessionWithID(c, OriginNone, id), nil
}

// OpenByID loads the session with an id that the application has chosen, see CreateWithID. If no session has it, OpenByID returns a new
// one that Save creates with this id; Save fails with VERSION_MISMATCH if another request has done so meanwhile. OpenByID fails with
// UNIMPLEMENTED if the sidecar is too old to know ids, and otherwise as Open does.
func (c *Client) OpenByID(ctx context.Context, id string) (*Session, error) {
	if err := checkID(id); err != nil {
		return nil, err
	}
	response, err := c.stub.GetSession(ctx, &sessionv1.GetSessionRequest{Id: &id})
	switch CodeOf(err) {
	case CodeSessionNotFound:
		return newSessionWithID(c, OriginNotFound, id), nil
	case CodeTokenInvalid:
		// A sidecar that does not know ids sees a request without a token.
		return nil, &Error{Code: CodeUnimplemented, message: "GetSession failed: the sidecar cannot find sessions by id", cause: err}
	}
	if err == nil {
		err = cmp.Or(checkSession("GetSession", response.GetSession()), checkToken("GetSession", response.GetToken()))
	}
	if err != nil {
		return nil, err
	}
	session := newSession(c, OriginFound)
	session.load(response.GetToken(), response.Session)
	return session, nil
}

// Invalidate ends the session of a token without loading it, in one call; of several tokens, up to three. It does nothing for a token
// that is not genuine, or whose session has ended.
func (c *Client) Invalidate(ctx context.Context, tokens ...string) error {
	var failures []error
	for _, token := range distinctTokens(tokens) {
		_, err := c.stub.InvalidateSession(ctx, &sessionv1.InvalidateSessionRequest{Token: token})
		if !isNoToken(CodeOf(err)) {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// Close closes the connection. Calls in flight and later calls fail with CANCELLED.
func (c *Client) Close() error {
	return c.close()
}
