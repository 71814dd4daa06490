package clienttest

import (
	"bytes"
	"context"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc"
)

// isUnary reports whether this run tests unary calls: TRANSPORT=unary go test ./...
//
// A variable would be set before go test records which environment variables a test reads, so the run would repeat the cached result of
// the other transport.
func isUnary() bool { return os.Getenv("TRANSPORT") == "unary" }

// onlyPipeline skips a test of the stream in a run that tests unary calls.
func onlyPipeline(t *testing.T) {
	t.Helper()
	if isUnary() {
		t.Skip("about the pipeline")
	}
}

func dial(t *testing.T, address string, options ...grpc.DialOption) *sidecar.Client {
	t.Helper()
	if isUnary() {
		options = append(options, sidecar.WithUnary())
	}
	client, err := sidecar.Dial(address, options...)
	check(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// patient returns the context of a call that may take long on a busy machine.
func patient(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, client *sidecar.Client) *sidecar.Session {
	t.Helper()
	session, err := client.Open(patient(t), "token")
	check(t, err)
	return session
}

func openLater(ctx context.Context, client *sidecar.Client) <-chan error {
	return background(func() error {
		_, err := client.Open(ctx, "token")
		return err
	})
}

// changed returns a session with something to save. Its update must not run twice.
func changed(t *testing.T, client *sidecar.Client) *sidecar.Session {
	t.Helper()
	session := open(t, client)
	check(t, session.Set("key", 1))
	return session
}

// background makes a call in a goroutine, and returns its future error.
func background(call func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- call() }()
	return done
}

func inParallel(times int, act func()) {
	var group sync.WaitGroup
	for range times {
		group.Add(1)
		go func() {
			defer group.Done()
			act()
		}()
	}
	group.Wait()
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expectCode(t *testing.T, err error, code sidecar.Code) {
	t.Helper()
	if sidecar.CodeOf(err) != code {
		t.Errorf("got %v instead of %q", err, code)
	}
}

func expectCounts(t *testing.T, fake *fakeSidecar, streams, unary int) {
	t.Helper()
	if fake.streamCount() != streams || fake.unaryCount() != unary {
		t.Errorf("%d streams and %d unary calls instead of %d and %d", fake.streamCount(), fake.unaryCount(), streams, unary)
	}
}

func expectFailureIf(t *testing.T, failure bool, err error) {
	t.Helper()
	if (err != nil) != failure {
		t.Errorf("got %v", err)
	}
}

// eventually waits until isSo returns true.
func eventually(t *testing.T, what string, isSo func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !isSo(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not happen", what)
		}
		time.Sleep(time.Millisecond)
	}
}

// goroutines counts the goroutines whose stacks contain the name.
func goroutines(name string) int {
	count := 0
	for _, stack := range strings.Split(stacks(), "\n\n") {
		if strings.Contains(stack, name) {
			count++
		}
	}
	return count
}

func stacks() string {
	var text bytes.Buffer
	_ = pprof.Lookup("goroutine").WriteTo(&text, 2)
	return text.String()
}
