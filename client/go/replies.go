package sidecar

import (
	"fmt"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// malformed returns the error of a reply that lacks what protobuf cannot require. Without these checks, such a reply would cause a panic
// or the loss of recorded changes.
func malformed(method, what string) error {
	return &Error{Code: CodeInternal, message: fmt.Sprintf("%s failed: the reply has %s", method, what)}
}

func checkSession(method string, session *sessionv1.Session) error {
	if session == nil {
		return malformed(method, "no session")
	}
	return nil
}

func checkToken(method, token string) error {
	if token == "" {
		return malformed(method, "no token")
	}
	return nil
}

func checkCSRFToken(method, token string) error {
	if token == "" {
		return malformed(method, "no CSRF token")
	}
	return nil
}

func checkResults(method string, mutations []*sessionv1.Mutation, results []*sessionv1.MutationResult) error {
	if len(results) != len(mutations) {
		return malformed(method, fmt.Sprintf("%d results for %d mutations", len(results), len(mutations)))
	}
	for i, mutation := range mutations {
		if mutation.GetSetIfAbsent() != nil && len(results[i].GetValue()) == 0 {
			return malformed(method, "no value for a key that was to be set if absent")
		}
	}
	return nil
}
