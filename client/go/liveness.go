package sidecar

import (
	"context"
	"errors"
	"maps"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// suspicion is for how long a connection may be silent while calls wait before it is asked for a sign of life.
	suspicion = 300 * time.Millisecond
	// patience is for how long that sign may take.
	patience = 500 * time.Millisecond
)

// liveness replaces connections that are open and do not answer: of a sidecar that hangs, or behind a path that was cut. gRPC would
// notice after ten seconds at the earliest, and send every call there until then.
//
// A sidecar that takes its time for one call answers another meanwhile, so only a connection on which nothing at all
// arrives is closed. Calls on it fail with UNAVAILABLE, and gRPC connects anew.
type liveness struct {
	conn  *grpc.ClientConn
	epoch time.Time
	// heard is when something last arrived on any connection, as time since the epoch.
	heard atomic.Int64

	mu      sync.Mutex
	conns   map[*liveConn]struct{}
	waiting int
	since   time.Duration // when the oldest of the waiting calls began to wait, or another before it
	watched bool
}

type liveConn struct {
	net.Conn
	liveness *liveness
	// givenUp is set before it is closed for its silence.
	givenUp atomic.Bool
}

var errSilent = errors.New("the sidecar did not answer on the connection")

func newLiveness() *liveness {
	return &liveness{epoch: time.Now(), conns: map[*liveConn]struct{}{}}
}

// ping asks for a sign of life by a method that the sidecar does not have. Any answer is one, and this one costs a sidecar that is
// busy the least: the first health check makes it load code. Only HTTP/2 pings would be cheaper, which gRPC keeps to itself.
func ping(ctx context.Context, conn *grpc.ClientConn) error {
	return conn.Invoke(ctx, "/session.v1.SessionService/Ping", &emptypb.Empty{}, &emptypb.Empty{})
}

// dial connects as gRPC does, which hands over the addresses of sockets with their scheme.
func (l *liveness) dial(ctx context.Context, address string) (net.Conn, error) {
	network := "tcp"
	if path, isUnix := strings.CutPrefix(address, "unix:"); isUnix {
		network, address = "unix", strings.TrimPrefix(path, "//")
	} else if strings.HasPrefix(address, "\x00") {
		network = "unix"
	}
	raw, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &liveConn{Conn: raw, liveness: l}
	l.hear()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[conn] = struct{}{}
	return conn, nil
}

func (conn *liveConn) Read(into []byte) (int, error) {
	count, err := conn.Conn.Read(into)
	if count > 0 {
		conn.liveness.hear()
	}
	if err != nil && conn.givenUp.Load() {
		err = errSilent
	}
	return count, err
}

func (conn *liveConn) Close() error {
	conn.liveness.mu.Lock()
	delete(conn.liveness.conns, conn)
	conn.liveness.mu.Unlock()
	return conn.Conn.Close()
}

func (l *liveness) now() time.Duration { return time.Since(l.epoch) }

func (l *liveness) hear() { l.heard.Store(int64(l.now())) }

// wait says that a call waits for an answer, until what it returns is called.
func (l *liveness) wait() (done func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == 0 {
		l.since = l.now()
	}
	l.waiting++
	if !l.watched {
		l.watched = true
		time.AfterFunc(suspicion, l.watch)
	}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting--
	}
}

// watch looks at the connections for as long as calls wait.
func (l *liveness) watch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == 0 {
		l.watched = false
		return
	}
	heard := l.heard.Load()
	silence := l.now() - max(l.since, time.Duration(heard))
	if silence < suspicion || len(l.conns) == 0 {
		time.AfterFunc(max(suspicion-silence, firstBackoff), l.watch)
		return
	}
	go l.examine(maps.Clone(l.conns), heard)
}

func (l *liveness) examine(suspects map[*liveConn]struct{}, heard int64) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if ping(ctx, l.conn) != nil && ctx.Err() != nil && l.heard.Load() == heard {
		for conn := range suspects {
			conn.givenUp.Store(true)
			conn.Close()
		}
	}
	time.AfterFunc(suspicion, l.watch)
}
