package sidecartest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const commandVariable = "SESSION_SIDECAR_TEST_COMMAND"

// findCommand returns the program to run and its arguments.
func findCommand(getenv func(string) string, directory string) ([]string, error) {
	if words := strings.Fields(getenv(commandVariable)); len(words) > 0 {
		return words, nil
	}
	for folder := directory; ; folder = filepath.Dir(folder) {
		main := filepath.Join(folder, "node_modules", "@session-sidecar", "server", "dist", "main.js")
		if _, err := os.Stat(main); err == nil {
			node, err := exec.LookPath("node")
			if err != nil {
				return nil, fmt.Errorf("%s needs Node.js: %w", main, err)
			}
			return []string{node, main}, nil
		}
		if folder == filepath.Dir(folder) {
			break
		}
	}
	if program, err := exec.LookPath("session-sidecar"); err == nil {
		return []string{program}, nil
	}
	return nil, errors.New("there is no session sidecar in node_modules and none on the PATH: install it with " +
		"`npm install --save-dev @session-sidecar/server`, or set " + commandVariable + " to a command that runs it")
}
