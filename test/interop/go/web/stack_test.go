// Package web tests client/go/websession on real servers and a real sidecar. test/interop/go-web.test.ts runs it: SIDECAR_ADDRESS names the
// sidecar, REDIS_ADDRESS its store.
package web

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
	"google.golang.org/grpc"
)

func TestMain(m *testing.M) {
	if os.Getenv("SIDECAR_ADDRESS") == "" || os.Getenv("REDIS_ADDRESS") == "" {
		fmt.Println("expected SIDECAR_ADDRESS and REDIS_ADDRESS, as test/interop/go-web.test.ts sets them")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// calls counts the calls of a client by method.
type calls struct {
	mu     sync.Mutex
	counts map[string]int
}

func (c *calls) intercept(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
	c.mu.Lock()
	c.counts[path.Base(method)]++
	c.mu.Unlock()
	return invoke(ctx, method, request, reply, conn, options...)
}

// take returns the counts since the last take.
func (c *calls) take() map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.counts
	c.counts = map[string]int{}
	return taken
}

// line is the way to the sidecar, which can be cut.
type line struct {
	listener net.Listener
	mu       sync.Mutex
	isCut    bool
	open     map[net.Conn]bool
}

func newLine(t *testing.T) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	l := &line{listener: listener, open: map[net.Conn]bool{}}
	go func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			go l.carry(near)
		}
	}()
	return l
}

func (l *line) carry(near net.Conn) {
	defer near.Close()
	far, err := net.Dial("tcp", os.Getenv("SIDECAR_ADDRESS"))
	if err != nil {
		return
	}
	defer far.Close()
	if !l.add(near) {
		return
	}
	go func() {
		_, _ = io.Copy(near, far)
		_ = near.Close()
	}()
	_, _ = io.Copy(far, near)
}

func (l *line) add(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open[conn] = true
	return !l.isCut
}

// cut closes all connections, and each one that is opened later.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.isCut = true
	for conn := range l.open {
		_ = conn.Close()
	}
}

// world is an application, its sessions, and its way to the sidecar.
type world struct {
	*websession.Manager
	client *sidecar.Client
	calls  *calls
	line   *line
	log    *logged
}

// patience is the time limit of a call. It is short, because calls without a sidecar last as long.
const patience = 3 * time.Second

func newWorld(t *testing.T, options websession.Options) *world {
	t.Helper()
	w := &world{calls: &calls{counts: map[string]int{}}, line: newLine(t), log: &logged{}}
	client, err := sidecar.Dial(w.line.listener.Addr().String(), sidecar.WithTimeout(patience), grpc.WithChainUnaryInterceptor(w.calls.intercept))
	check(t, err)
	t.Cleanup(func() { _ = client.Close() })
	options.Logger = slog.New(slog.NewTextHandler(w.log, nil))
	w.client = client
	w.Manager, err = websession.New(client, options)
	check(t, err)
	return w
}

// pages are handlers by pattern.
type pages map[string]http.HandlerFunc

// serve serves pages with sessions, and returns a browser without cookies.
func (w *world) serve(t *testing.T, pages pages) *browser {
	t.Helper()
	return serve(t, w.LoadAndSave(muxOf(pages)))
}

func muxOf(pages pages) http.Handler {
	mux := http.NewServeMux()
	for pattern, page := range pages {
		mux.HandleFunc(pattern, page)
	}
	return mux
}

func serve(t *testing.T, handler http.Handler) *browser {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	complaints := &logged{}
	server.Config.ErrorLog = log.New(complaints, "", 0)
	server.Start()
	t.Cleanup(func() {
		server.Close()
		if strings.Contains(complaints.String(), "WriteHeader") {
			t.Errorf("the server complains: %s", complaints)
		}
	})
	return newBrowser(t, server.Client(), server.URL)
}

// serveTLS serves HTTP/2.
func serveTLS(t *testing.T, handler http.Handler) *browser {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	return newBrowser(t, server.Client(), server.URL)
}

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text []byte
}

func (l *logged) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, text...)
	return len(text), nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}

// stored returns the session of a token as the sidecar has it.
func (w *world) stored(t *testing.T, token string) *sidecar.Session {
	t.Helper()
	session, err := w.client.Open(context.Background(), token)
	check(t, err)
	return session
}

// redis runs a command, and returns the first line of the reply.
func redis(t *testing.T, command string) string {
	t.Helper()
	conn, err := net.Dial("tcp", os.Getenv("REDIS_ADDRESS"))
	check(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s\r\n", command)
	check(t, err)
	reply, err := bufio.NewReader(conn).ReadString('\n')
	check(t, err)
	return reply
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v instead of %v", what, got, want)
	}
}
