package sidecar

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

const maxNameBytes = 256

// checkKey fails for a key that the sidecar would reject. Rejecting it before it is recorded keeps every later Save from failing.
func checkKey(key string) error { return checkName("the key", key, 1) }

func checkID(id string) error { return checkName("the id", id, 1) }

func checkQueue(queue string) error { return checkName("the name of the queue", queue, 0) }

func checkName(what, name string, minBytes int) error {
	var got string
	switch {
	case len(name) < minBytes || len(name) > maxNameBytes:
		got = fmt.Sprintf("%d bytes", len(name))
	case !utf8.ValidString(name) || strings.ContainsRune(name, utf8.RuneError):
		got = "bytes that are not valid UTF-8"
	case strings.ContainsFunc(name, unicode.IsControl):
		got = "a control character"
	default:
		return nil
	}
	return fmt.Errorf("expected %s to be %d to %d bytes of UTF-8 without control characters, got %s", what, minBytes, maxNameBytes, got)
}
