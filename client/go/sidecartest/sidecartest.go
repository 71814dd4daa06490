// Package sidecartest gives the tests of an application a real sidecar on its memory store, with a clock that tests move.
//
// Start runs the words of SESSION_SIDECAR_TEST_COMMAND, the npm package @session-sidecar/server in a node_modules of the working
// directory or above it, or session-sidecar on the PATH. If SESSION_SIDECAR_TEST_ADDRESS is set, it starts nothing and joins the
// sidecar there.
package sidecartest

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const addressVariable = "SESSION_SIDECAR_TEST_ADDRESS"

// Sidecar is a sidecar that a test uses and controls. Its sessions are in its memory.
type Sidecar struct {
	// Address is where it listens, for sidecar.Dial.
	Address string

	t       testing.TB
	control *control
}

// String describes the sidecar for logs by its address. Without it, fmt would read what the test writes meanwhile.
func (s *Sidecar) String() string { return fmt.Sprintf("Sidecar(%s)", s.Address) }

// Option changes how Start starts a sidecar.
type Option func(*options)

type options struct {
	settings map[string]string
	command  []string
}

// WithSetting gives the sidecar a setting, named without its prefix: WithSetting("IDLE_TIMEOUT", "30m"). By default, it has those of
// production; variables of the test's process do not count.
func WithSetting(name, value string) Option {
	return func(o *options) { o.settings[name] = value }
}

// WithCommand names the program to run and its arguments.
func WithCommand(program string, args ...string) Option {
	return func(o *options) { o.command = append([]string{program}, args...) }
}

// Start starts a sidecar that ends with the test, so tests that run in parallel do not share one. It fails the test if there is no
// sidecar.
func Start(t testing.TB, opts ...Option) *Sidecar {
	t.Helper()
	running, err := start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(running.stop)
	return &Sidecar{Address: running.address, t: t, control: running.control}
}

// Shared returns the sidecar of the test binary, which the first caller starts and which ends with the binary. Tests that run in
// parallel share its clock and its sessions, so they must neither move the one nor reset the other.
func Shared(t testing.TB) *Sidecar {
	t.Helper()
	running, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return &Sidecar{Address: running.address, t: t, control: running.control}
}

var shared = sync.OnceValues(func() (*runningSidecar, error) { return start(nil) })

// Advance moves the clock that decides when sessions expire, and returns the time on it. It goes on from there. The clock of the
// application does not move. Advance fails the test if d is negative.
func (s *Sidecar) Advance(d time.Duration) time.Time {
	s.t.Helper()
	now, err := s.control.advance(d)
	if err != nil {
		s.t.Fatal(err)
	}
	return now
}

// Now returns the time on the clock of the sidecar.
func (s *Sidecar) Now() time.Time {
	s.t.Helper()
	return s.Advance(0)
}

// Reset ends all sessions and sets the clock to the real time, as after a start. It takes a few milliseconds at most.
func (s *Sidecar) Reset() {
	s.t.Helper()
	if err := s.control.reset(); err != nil {
		s.t.Fatal(err)
	}
}

type runningSidecar struct {
	address string
	control *control
	stop    func()
}

func start(opts []Option) (*runningSidecar, error) {
	resolved := options{settings: map[string]string{}}
	for _, option := range opts {
		option(&resolved)
	}
	launched, err := launchOrJoin(resolved)
	if err != nil {
		return nil, err
	}
	control, err := connect(launched.address)
	if err == nil {
		_, err = control.advance(0)
	}
	if err != nil {
		launched.stop()
		return nil, fmt.Errorf("%s%w", launched.source, err)
	}
	stop := func() {
		control.close()
		launched.stop()
	}
	return &runningSidecar{launched.address, control, stop}, nil
}

func launchOrJoin(o options) (*launchedSidecar, error) {
	if joined := os.Getenv(addressVariable); joined != "" {
		if len(o.settings) > 0 {
			names := strings.Join(slices.Sorted(maps.Keys(o.settings)), ", ")
			return nil, fmt.Errorf("settings cannot be applied to the sidecar that %s names: %s", addressVariable, names)
		}
		return &launchedSidecar{address: joined, stop: func() {}, source: addressVariable + ": "}, nil
	}
	if len(o.command) == 0 {
		directory, err := os.Getwd()
		if err != nil {
			return nil, err
		}
		if o.command, err = findCommand(os.Getenv, directory); err != nil {
			return nil, err
		}
	} else if o.command[0] == "" {
		return nil, errors.New("sidecartest.WithCommand: expected the name of a program, got an empty text")
	}
	return launch(o.command, o.settings)
}
