package sidecar

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// WithAPIToken sends a token with every call, for a sidecar with SESSION_SIDECAR_API_TOKENS set. Calls fail with API_TOKEN_INVALID if the
// token is not visible ASCII or the sidecar rejects it.
func WithAPIToken(token string) grpc.DialOption {
	err := checkAPIToken(token)
	return withAPIToken(&apiToken{read: func() (string, error) { return token, err }})
}

// WithAPITokenFile is like WithAPIToken, with the token in a file. White space around the token is ignored. The file is read again when
// it has changed; while it has no valid token, the last one is sent.
func WithAPITokenFile(path string) grpc.DialOption {
	file := &tokenFile{path: path}
	return withAPIToken(&apiToken{read: file.token})
}

func withAPIToken(token *apiToken) grpc.DialOption {
	return option{grpc.WithPerRPCCredentials(token), func(s *settings) { s.token = token }}
}

// apiToken provides the token for gRPC and for the pipeline. It must never be logged.
type apiToken struct {
	read func() (string, error)
}

func (t *apiToken) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	token, err := t.current()
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": "Bearer " + token}, nil
}

// current returns the token, or the error with which calls fail.
func (t *apiToken) current() (string, error) {
	token, err := t.read()
	if err != nil {
		return "", status.Error(codes.Unauthenticated, err.Error())
	}
	return token, nil
}

// RequireTransportSecurity returns false, because connections to the sidecar do not leave the host and are not encrypted.
func (t *apiToken) RequireTransportSecurity() bool { return false }

type tokenFile struct {
	path string

	mu   sync.Mutex
	info os.FileInfo // describes the file as it was last read
	last string      // the last valid token
}

// token returns the token in the file, or the last valid one.
func (f *tokenFile) token() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.Stat(f.path)
	if err == nil && !f.isRead(info) {
		var token string
		if token, err = readAPIToken(f.path); err == nil {
			f.info, f.last = info, token
		}
	}
	if f.info == nil {
		return "", fmt.Errorf("the API token cannot be read: %w", err)
	}
	return f.last, nil
}

func readAPIToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if err := checkAPIToken(token); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return token, nil
}

func (f *tokenFile) isRead(info os.FileInfo) bool {
	return f.info != nil && os.SameFile(f.info, info) && f.info.ModTime().Equal(info.ModTime()) && f.info.Size() == info.Size()
}

func checkAPIToken(token string) error {
	if token == "" || strings.ContainsFunc(token, func(char rune) bool { return char <= ' ' || char > '~' }) {
		return errors.New("the API token is not visible ASCII")
	}
	return nil
}
