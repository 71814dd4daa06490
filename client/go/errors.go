package sidecar

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Code names why a call failed. docs/reference/errors.md explains each.
type Code string

// The codes of an Error.
const (
	CodeSessionNotFound  Code = "SESSION_NOT_FOUND"
	CodeTokenInvalid     Code = "TOKEN_INVALID"
	CodeVersionMismatch  Code = "VERSION_MISMATCH"
	CodeInvalidArgument  Code = "INVALID_ARGUMENT"
	CodeSessionTooLarge  Code = "SESSION_TOO_LARGE"
	CodeTooManyKeys      Code = "TOO_MANY_KEYS"
	CodeFlashQueueFull   Code = "FLASH_QUEUE_FULL"
	CodeStoreUnavailable Code = "STORE_UNAVAILABLE"
	CodeStoreFull        Code = "STORE_FULL"
	CodeDraining         Code = "DRAINING"
	CodeInternal         Code = "INTERNAL"
	CodeRequestTooLarge  Code = "REQUEST_TOO_LARGE"
	CodeOverloaded       Code = "OVERLOADED"
	CodeAPITokenInvalid  Code = "API_TOKEN_INVALID"
	CodeLeaseHeld        Code = "LEASE_HELD"
	CodeLeaseLost        Code = "LEASE_LOST"
	CodeCursorExpired    Code = "CURSOR_EXPIRED"
	CodeTooManySessions  Code = "TOO_MANY_SESSIONS"
	CodeSchemaViolation  Code = "SCHEMA_VIOLATION"
	CodeDeadlineExceeded Code = "DEADLINE_EXCEEDED"
	CodeCancelled        Code = "CANCELLED"
	CodeUnavailable      Code = "UNAVAILABLE"
	CodeUnimplemented    Code = "UNIMPLEMENTED"
	CodeValueUnreadable  Code = "VALUE_UNREADABLE"
	CodeUnknown          Code = "UNKNOWN"
)

// Error is the error of a failed call to the sidecar: errors.As finds it, and errors.Is compares it with values such as
// ErrSessionNotFound. Incorrect use of this package causes errors of other types.
type Error struct {
	// Code is one of the Code constants. Match it, never the message.
	Code Code
	// Metadata holds facts about the failure, for example the limit that was exceeded and the setting that changes it.
	Metadata map[string]string
	// Violations lists every invalid field of the request, for INVALID_ARGUMENT; and what violates the schema, by JSON Pointer, for
	// SCHEMA_VIOLATION.
	Violations []*errdetails.BadRequest_FieldViolation
	// RetryAfter is how long the sidecar asks to wait before a retry; 0 if it does not ask.
	RetryAfter time.Duration

	message string
	cause   error
	// About the attempt that failed:
	sent      bool     // the sidecar may have received it
	cancelled bool     // the caller cancelled it
	pushback  []string // values of grpc-retry-pushback-ms
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.message }

// Unwrap returns the error of gRPC, or nil.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, ErrSessionNotFound) true if the code is SESSION_NOT_FOUND, and so on; errors.Is(err, context.Canceled) if the
// caller cancelled the call; and errors.Is(err, context.DeadlineExceeded) if its deadline has passed.
func (e *Error) Is(target error) bool {
	if code, ok := target.(codeError); ok {
		return Code(code) == e.Code
	}
	switch target {
	case context.Canceled:
		return e.cancelled
	case context.DeadlineExceeded:
		return status.Code(e.cause) == codes.DeadlineExceeded
	}
	return false
}

// HTTPStatus returns the HTTP status for a web request that fails because of this error: 409, 413, 500 or 503.
func (e *Error) HTTPStatus() int { return httpStatus[e.Code] }

// CodeOf returns the code of an Error, and the empty string for nil and other errors.
func CodeOf(err error) Code {
	if failure := (*Error)(nil); errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

// httpStatus maps each code to its HTTP status. A test compares it with docs/reference/errors.md.
var httpStatus = map[Code]int{
	"SESSION_NOT_FOUND": 409, "TOKEN_INVALID": 409, "VERSION_MISMATCH": 409, "INVALID_ARGUMENT": 500,
	"SESSION_TOO_LARGE": 413, "TOO_MANY_KEYS": 413, "FLASH_QUEUE_FULL": 413,
	"STORE_UNAVAILABLE": 503, "STORE_FULL": 503, "DRAINING": 503, "INTERNAL": 500,
	"REQUEST_TOO_LARGE": 413, "OVERLOADED": 503, "API_TOKEN_INVALID": 500, "LEASE_HELD": 409, "LEASE_LOST": 409,
	"CURSOR_EXPIRED": 500, "TOO_MANY_SESSIONS": 409, "SCHEMA_VIOLATION": 500,
	"DEADLINE_EXCEEDED": 503, "CANCELLED": 503, "UNAVAILABLE": 503, "UNIMPLEMENTED": 500,
	"VALUE_UNREADABLE": 500, "UNKNOWN": 500,
}

func toError(method string, cause error) *Error {
	state := status.Convert(cause)
	e := &Error{Code: codeOf(state.Code()), message: fmt.Sprintf("%s failed: %s", method, state.Message()), cause: cause}
	for _, detail := range state.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if _, known := httpStatus[Code(detail.Reason)]; known && detail.Domain == "session.v1" {
				e.Code, e.Metadata = Code(detail.Reason), detail.Metadata
			}
		case *errdetails.BadRequest:
			e.Violations = detail.FieldViolations
			for _, violation := range detail.FieldViolations {
				e.message += fmt.Sprintf(" (%s: %s)", violation.GetField(), strings.TrimSuffix(violation.GetDescription(), "."))
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = max(detail.RetryDelay.AsDuration(), 0)
		}
	}
	return e
}

// codeOf returns the code of a status without an ErrorReason. Such a status comes from gRPC itself.
func codeOf(status codes.Code) Code {
	switch status {
	case codes.ResourceExhausted:
		// gRPC in the sidecar rejects requests that are too large before any code of the sidecar sees them.
		return CodeSessionTooLarge
	case codes.Unauthenticated:
		// The client rejected the call, because its API token could not be read. The sidecar would give a reason.
		return CodeAPITokenInvalid
	}
	name := Code(code.Code(status).String())
	if _, known := httpStatus[name]; known {
		return name
	}
	return CodeUnknown
}
