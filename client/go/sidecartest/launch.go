package sidecartest

import (
	"bufio"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

const (
	prefix = "SESSION_SIDECAR_"
	// How long a sidecar may take to start. It takes less than a second unless the machine is busy.
	startTimeout = 30 * time.Second
	// How long it may take to end by itself.
	stopTimeout = 2 * time.Second
)

// What is meant for the application or for the tests must not configure the sidecar, or Node.js in it.
var notInherited = regexp.MustCompile(`^(SESSION_SIDECAR_[^=]*|OTEL_[^=]*|REDIS_URL|NODE_OPTIONS|NODE_V8_COVERAGE)=`)

type launchedSidecar struct {
	address string
	stop    func()
	source  string // the variable that names it, for errors
}

// launch starts a sidecar on its memory store and waits until it serves. The sidecar ends with this process, even if that is killed:
// its standard input ends then.
func launch(command []string, settings map[string]string) (*launchedSidecar, error) {
	socket := freeSocket()
	own := settingsOf(socket)
	for name := range settings {
		if _, isOwn := own[name]; isOwn {
			return nil, fmt.Errorf("sidecartest.WithSetting: %s is chosen by this package", name)
		}
	}
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = environment(settings, own)
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("the session sidecar did not start: %w", err)
	}
	read := make(chan struct{})
	stop := func() {
		input.Close()
		timer := time.AfterFunc(stopTimeout, func() { cmd.Process.Kill() })
		<-read
		cmd.Wait()
		timer.Stop()
		// It is still there if the sidecar was killed.
		os.Remove(socket)
	}
	timer := time.AfterFunc(startTimeout, func() { cmd.Process.Kill() })
	lines := bufio.NewReader(output)
	address, err := untilServing(lines, settings)
	timer.Stop()
	go func() {
		// A sidecar whose output is not read would stop at some point.
		io.Copy(io.Discard, lines)
		close(read)
	}()
	if err != nil {
		stop()
		return nil, err
	}
	return &launchedSidecar{address: address, stop: stop}, nil
}

// untilServing reads the output of a sidecar until it serves, and returns its gRPC address. A warning about one of the settings, for
// example that there is no such setting, is an error.
func untilServing(output *bufio.Reader, settings map[string]string) (string, error) {
	var problems, otherOutput []string
	for {
		text, err := output.ReadString('\n')
		if err != nil {
			break
		}
		var line struct {
			Level, Msg string
			GRPC       []string
		}
		if json.Unmarshal([]byte(text), &line) != nil {
			// For example a message of a container engine.
			otherOutput = append(otherOutput, strings.TrimSpace(text))
			continue
		}
		if line.Level == "fatal" || line.Level == "warn" && namesSetting(line.Msg, settings) {
			problems = append(problems, line.Msg)
		}
		if line.Msg == "serving" && len(line.GRPC) > 0 {
			if len(problems) > 0 {
				break
			}
			return line.GRPC[0], nil
		}
	}
	if len(problems) == 0 {
		problems = otherOutput
	}
	return "", errors.New(strings.Join(append([]string{"the session sidecar did not start"}, problems...), "\n"))
}

func namesSetting(message string, settings map[string]string) bool {
	for name := range settings {
		if strings.Contains(message, prefix+name) {
			return true
		}
	}
	return false
}

// freeSocket returns a path for a Unix socket. It is empty if the system has no Unix sockets, or only shorter paths.
func freeSocket() string {
	random := make([]byte, 8)
	rand.Read(random)
	path := filepath.Join(os.TempDir(), "session-sidecar-"+hex.EncodeToString(random)+".sock")
	if runtime.GOOS == "windows" || len(path) > 100 {
		return ""
	}
	return path
}

func settingsOf(socket string) map[string]string {
	address := "127.0.0.1:0"
	if socket != "" {
		address = "unix:" + socket
	}
	return map[string]string{
		"GRPC_ADDRESS":     address,
		"GRPC_SOCKET_MODE": "0600",
		"HTTP_ADDRESS":     "127.0.0.1:0",
		// Its addresses are logged at this level.
		"LOG_LEVEL":         "info",
		"SHUTDOWN_GRACE":    "0s",
		"EXIT_ON_STDIN_END": "on",
		"TEST_CONTROL":      "on",
	}
}

func environment(settings, own map[string]string) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !notInherited.MatchString(entry) {
			env = append(env, entry)
		}
	}
	all := maps.Clone(own)
	maps.Copy(all, settings)
	for name, value := range all {
		env = append(env, prefix+name+"="+value)
	}
	return env
}
