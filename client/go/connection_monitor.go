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
	// maxSilence is how long a connection may be silent while calls are in flight before the monitor pings it.
	maxSilence = 300 * time.Millisecond
	// pingTimeout is how long the answer to a ping may take.
	pingTimeout = 500 * time.Millisecond
)

// connectionMonitor replaces open connections that do not answer because the sidecar hangs or the network drops every packet. gRPC
// would detect that after ten seconds at the earliest, and send all calls there until then.
//
// The monitor closes a connection only if nothing at all arrives on it: a sidecar that is slow to answer one call still answers others.
// Calls in flight on the connection then fail with UNAVAILABLE, and gRPC reconnects.
type connectionMonitor struct {
	conn  *grpc.ClientConn
	epoch time.Time
	// heard is when bytes last arrived on any connection, as time since the epoch.
	heard atomic.Int64

	mu      sync.Mutex
	conns   map[*watchedConn]struct{}
	waiting int
	since   time.Duration // when waiting last rose from 0
	watched bool          // whether watch is scheduled or examine runs
}

type watchedConn struct {
	net.Conn
	monitor *connectionMonitor
	// abandoned is set before the monitor closes the connection, so that its read error gives the reason.
	abandoned atomic.Bool
}

var errSilent = errors.New("the sidecar did not answer on the connection")

func newConnectionMonitor() *connectionMonitor {
	return &connectionMonitor{epoch: time.Now(), conns: map[*watchedConn]struct{}{}}
}

// pingMethod does not exist in any sidecar.
const pingMethod = "Ping"

// ping succeeds or fails early if the sidecar answers in any way. To reject an unknown method costs the sidecar less than a health
// check, the first of which loads code. An HTTP/2 ping would cost even less, but gRPC does not expose it.
func ping(ctx context.Context, conn *grpc.ClientConn) error {
	return conn.Invoke(ctx, "/session.v1.SessionService/"+pingMethod, &emptypb.Empty{}, &emptypb.Empty{})
}

// dial connects as gRPC does by default, which passes addresses of Unix sockets with their scheme.
func (m *connectionMonitor) dial(ctx context.Context, address string) (net.Conn, error) {
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
	conn := &watchedConn{Conn: raw, monitor: m}
	m.hear()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conns[conn] = struct{}{}
	return conn, nil
}

func (conn *watchedConn) Read(into []byte) (int, error) {
	count, err := conn.Conn.Read(into)
	if count > 0 {
		conn.monitor.hear()
	}
	if err != nil && conn.abandoned.Load() {
		err = errSilent
	}
	return count, err
}

func (conn *watchedConn) Close() error {
	conn.monitor.mu.Lock()
	delete(conn.monitor.conns, conn)
	conn.monitor.mu.Unlock()
	return conn.Conn.Close()
}

func (m *connectionMonitor) now() time.Duration { return time.Since(m.epoch) }

func (m *connectionMonitor) hear() { m.heard.Store(int64(m.now())) }

// wait records a call that waits for an answer, until done is called.
func (m *connectionMonitor) wait() (done func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == 0 {
		m.since = m.now()
	}
	m.waiting++
	if !m.watched {
		m.watched = true
		time.AfterFunc(maxSilence, m.watch)
	}
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.waiting--
	}
}

// watch checks for silence, again and again while calls are in flight.
func (m *connectionMonitor) watch() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == 0 {
		m.watched = false
		return
	}
	heard := m.heard.Load()
	silence := m.now() - max(m.since, time.Duration(heard))
	if silence < maxSilence || len(m.conns) == 0 {
		time.AfterFunc(max(maxSilence-silence, firstBackoff), m.watch)
		return
	}
	go m.examine(maps.Clone(m.conns), heard)
}

// examine pings the sidecar and closes the suspects if nothing arrives at all.
func (m *connectionMonitor) examine(suspects map[*watchedConn]struct{}, heard int64) {
	ctx, cancel := context.WithTimeout(context.Background(), pingTimeout)
	defer cancel()
	if ping(ctx, m.conn) != nil && ctx.Err() != nil && m.heard.Load() == heard {
		for conn := range suspects {
			conn.abandoned.Store(true)
			conn.Close()
		}
	}
	time.AfterFunc(maxSilence, m.watch)
}
