// Package sidecartest_test tests the package sidecartest with real sidecars.
package sidecartest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/sidecartest"
	"google.golang.org/grpc"
)

func dial(t *testing.T, s *sidecartest.Sidecar, options ...grpc.DialOption) *sidecar.Client {
	t.Helper()
	client, err := sidecar.Dial(s.Address, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// newSession stores a session and returns its token.
func newSession(t *testing.T, client *sidecar.Client) string {
	t.Helper()
	session := client.Create()
	if err := session.Set("user", "Ada"); err != nil {
		t.Fatal(err)
	}
	if err := session.Save(context.Background()); err != nil {
		t.Fatal(err)
	}
	return session.Token()
}

func expectOrigin(t *testing.T, client *sidecar.Client, token string, expected sidecar.Origin) {
	t.Helper()
	session, err := client.Open(context.Background(), token)
	if err != nil {
		t.Fatal(err)
	}
	if origin := session.Origin(); origin != expected {
		t.Fatalf("expected the origin %s, got %s", expected, origin)
	}
}

// failureOf returns the text with which a function fails its test.
func failureOf(t *testing.T, f func(testing.TB)) string {
	t.Helper()
	recorded := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		f(recorded)
	}()
	<-done
	return recorded.failure
}

type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Fatal(args ...any) {
	r.failure = args[0].(error).Error()
	runtime.Goexit()
}

func expectFailure(t *testing.T, expected string, f func(testing.TB)) {
	t.Helper()
	if failure := failureOf(t, f); !strings.Contains(failure, expected) {
		t.Fatalf("expected a failure with %q, got %q", expected, failure)
	}
}

func startWith(options ...sidecartest.Option) func(testing.TB) {
	return func(t testing.TB) { sidecartest.Start(t, options...) }
}

func TestSessionEndsWhenTheClockIsMoved(t *testing.T) {
	s := sidecartest.Start(t)
	caching := dial(t, s, sidecar.WithCache(1<<20))
	token := newSession(t, caching)
	for range 50 {
		expectOrigin(t, caching, token, sidecar.OriginFound)
	}
	s.Advance(19 * time.Minute)
	expectOrigin(t, caching, token, sidecar.OriginFound)
	moved := s.Advance(time.Hour)
	expectOrigin(t, caching, token, sidecar.OriginNotFound)
	if ahead := time.Until(moved); ahead < 78*time.Minute || ahead > 79*time.Minute {
		t.Fatalf("expected the clock to be 79 minutes ahead, got %s", ahead)
	}
	if live := caching.CacheStats().Live; live != 0 {
		t.Fatalf("expected no live session, got %d", live)
	}
}

func TestResetEndsSessionsAndSetsTheClock(t *testing.T) {
	s := sidecartest.Start(t)
	client := dial(t, s)
	token := newSession(t, client)
	s.Advance(time.Minute)
	s.Reset()
	expectOrigin(t, client, token, sidecar.OriginNotFound)
	if now := s.Now(); now.After(time.Now()) {
		t.Fatalf("expected the real time, got %s", now)
	}
}

func TestStartGivesEachTestASidecarThatEndsWithIt(t *testing.T) {
	var addresses [2]string
	for i := range addresses {
		t.Run("", func(t *testing.T) {
			s := sidecartest.Start(t)
			newSession(t, dial(t, s))
			addresses[i] = strings.TrimPrefix(s.Address, "unix:")
		})
		if _, err := os.Stat(addresses[i]); !os.IsNotExist(err) {
			t.Fatalf("expected no socket, got %v", err)
		}
	}
	if addresses[0] == addresses[1] {
		t.Fatal("expected two sidecars")
	}
}

func TestSharedGivesAllTestsOneSidecar(t *testing.T) {
	var addresses [2]string
	for i := range addresses {
		t.Run("", func(t *testing.T) {
			s := sidecartest.Shared(t)
			newSession(t, dial(t, s))
			addresses[i] = s.Address
		})
	}
	if addresses[0] != addresses[1] {
		t.Fatalf("expected one sidecar, got %v", addresses)
	}
}

func TestSidecarEndsWithAKilledTest(t *testing.T) {
	if os.Getenv("START_AND_WAIT") != "" {
		os.Stdout.WriteString(sidecartest.Shared(t).Address + "\n")
		select {}
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestSidecarEndsWithAKilledTest$")
	cmd.Env = append(os.Environ(), "START_AND_WAIT=1")
	output, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := make([]byte, 200)
	n, err := output.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	socket := strings.TrimSpace(strings.TrimPrefix(string(text[:n]), "unix:"))
	if _, err := os.Stat(socket); err != nil {
		t.Fatal(err)
	}
	cmd.Process.Kill()
	cmd.Wait()
	for limit := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(socket); os.IsNotExist(err) {
			return
		}
		if time.Now().After(limit) {
			t.Fatal("the sidecar has not ended")
		}
	}
}

func TestVariablesOfTheApplicationDoNotCount(t *testing.T) {
	t.Setenv("REDIS_URL", "redis://localhost:1")
	t.Setenv("SESSION_SIDECAR_SIGNING_KEYS", "none")
	t.Setenv("NODE_OPTIONS", "--no-such-option")
	newSession(t, dial(t, sidecartest.Start(t)))
}

func TestSettings(t *testing.T) {
	s := sidecartest.Start(t, sidecartest.WithSetting("IDLE_TIMEOUT", "2s"))
	client := dial(t, s)
	token := newSession(t, client)
	s.Advance(10 * time.Second)
	expectOrigin(t, client, token, sidecar.OriginNotFound)

	for setting, expected := range map[[2]string]string{
		{"IDLE_TIMEOUT", "1"}:           "SESSION_SIDECAR_IDLE_TIMEOUT: Expected a duration",
		{"IDLE_TIMEOUTS", "1h"}:         "SESSION_SIDECAR_IDLE_TIMEOUTS is set, but is not a setting",
		{"GRPC_ADDRESS", "127.0.0.1:0"}: "GRPC_ADDRESS is chosen by this package",
	} {
		expectFailure(t, expected, startWith(sidecartest.WithSetting(setting[0], setting[1])))
	}
	expectFailure(t, "ends before the year 10000, got -1 s", func(tb testing.TB) {
		recorded := sidecartest.Shared(tb)
		recorded.Advance(-time.Second)
	})
}

func TestCommand(t *testing.T) {
	expectFailure(t, "no such file", startWith(sidecartest.WithCommand("/no/such/program")))
	expectFailure(t, "no space left", startWith(sidecartest.WithCommand("sh", "-c", "echo no space left; exit 3")))
	expectFailure(t, "expected the name of a program", startWith(sidecartest.WithCommand("")))

	t.Setenv("SESSION_SIDECAR_TEST_COMMAND", "sh -c exit")
	expectFailure(t, "did not start", startWith())
}

func TestFindingTheSidecar(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal(err)
	}
	built, err := filepath.Abs("../../../../server/dist/main.js")
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	t.Chdir(folder)
	t.Setenv("PATH", folder)
	expectFailure(t, "npm install --save-dev @session-sidecar/server", startWith())

	script := "#!/bin/sh\nexec " + node + " " + built + "\n"
	if err := os.WriteFile(filepath.Join(folder, "session-sidecar"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	newSession(t, dial(t, sidecartest.Start(t)))
}

func TestJoining(t *testing.T) {
	running := sidecartest.Start(t)
	t.Setenv("SESSION_SIDECAR_TEST_ADDRESS", running.Address)
	t.Run("", func(t *testing.T) {
		joined := sidecartest.Start(t)
		if joined.Address != running.Address {
			t.Fatalf("expected %s, got %s", running.Address, joined.Address)
		}
		if text := fmt.Sprint(joined); text != "Sidecar("+running.Address+")" {
			t.Fatalf("it is described as %s", text)
		}
		joined.Advance(time.Minute)
	})
	// It still runs, with the clock as the other test has moved it.
	if ahead := time.Until(running.Now()); ahead < 50*time.Second {
		t.Fatalf("expected the clock to be a minute ahead, got %s", ahead)
	}
	expectFailure(t, "settings cannot be applied", startWith(sidecartest.WithSetting("IDLE_TIMEOUT", "1h")))
	t.Setenv("SESSION_SIDECAR_TEST_ADDRESS", "unix:/no/such.sock")
	expectFailure(t, "SESSION_SIDECAR_TEST_ADDRESS: the session sidecar at unix:/no/such.sock failed", startWith())
}
