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

// The codes of an Error. docs/errors.md says what each means.
const (
	CodeSessionNotFound  = "SESSION_NOT_FOUND"
	CodeTokenInvalid     = "TOKEN_INVALID"
	CodeVersionMismatch  = "VERSION_MISMATCH"
	CodeInvalidArgument  = "INVALID_ARGUMENT"
	CodeSessionTooLarge  = "SESSION_TOO_LARGE"
	CodeTooManyKeys      = "TOO_MANY_KEYS"
	CodeFlashQueueFull   = "FLASH_QUEUE_FULL"
	CodeStoreUnavailable = "STORE_UNAVAILABLE"
	CodeStoreFull        = "STORE_FULL"
	CodeDraining         = "DRAINING"
	CodeInternal         = "INTERNAL"
	CodeRequestTooLarge  = "REQUEST_TOO_LARGE"
	CodeOverloaded       = "OVERLOADED"
	CodeAPITokenInvalid  = "API_TOKEN_INVALID"
	CodeDeadlineExceeded = "DEADLINE_EXCEEDED"
	CodeCancelled        = "CANCELLED"
	CodeUnavailable      = "UNAVAILABLE"
	CodeUnimplemented    = "UNIMPLEMENTED"
	CodeValueUnreadable  = "VALUE_UNREADABLE"
	CodeUnknown          = "UNKNOWN"
)

// Error is why the sidecar did not do what it was asked. Wrong use of this package gives other errors.
type Error struct {
	// Code is one of the constants above. Match it and never the message.
	Code string
	// Metadata holds facts about the failure, for example the limit that was hit and the setting that changes it.
	Metadata map[string]string
	// Violations has, for INVALID_ARGUMENT, every field that is wrong.
	Violations []*errdetails.BadRequest_FieldViolation
	// RetryAfter is how long the sidecar asks to wait before another try.
	RetryAfter time.Duration

	message string
	cause   error
	// Of the last attempt:
	sent      bool // to the sidecar, which may have received it
	cancelled bool // by the caller
	pushback  []string
}

func (e *Error) Error() string { return e.Code + ": " + e.message }

// Unwrap gives what gRPC failed with.
func (e *Error) Unwrap() error { return e.cause }

// Is makes errors.Is(err, context.Canceled) true if the caller cancelled the call, and errors.Is(err, context.DeadlineExceeded)
// if its time was over.
func (e *Error) Is(target error) bool {
	switch target {
	case context.Canceled:
		return e.cancelled
	case context.DeadlineExceeded:
		return status.Code(e.cause) == codes.DeadlineExceeded
	}
	return false
}

// HTTPStatus is the status that suits a web request which fails with this error.
func (e *Error) HTTPStatus() int { return httpStatus[e.Code] }

// CodeOf gives the code of an Error, and the empty string for nil and for other errors.
func CodeOf(err error) string {
	if failure := (*Error)(nil); errors.As(err, &failure) {
		return failure.Code
	}
	return ""
}

// httpStatus has all codes. docs/errors.md says what each means.
var httpStatus = map[string]int{
	"SESSION_NOT_FOUND": 409, "TOKEN_INVALID": 409, "VERSION_MISMATCH": 409, "INVALID_ARGUMENT": 500,
	"SESSION_TOO_LARGE": 413, "TOO_MANY_KEYS": 413, "FLASH_QUEUE_FULL": 413,
	"STORE_UNAVAILABLE": 503, "STORE_FULL": 503, "DRAINING": 503, "INTERNAL": 500,
	"REQUEST_TOO_LARGE": 413, "OVERLOADED": 503, "API_TOKEN_INVALID": 500,
	"DEADLINE_EXCEEDED": 503, "CANCELLED": 503, "UNAVAILABLE": 503, "UNIMPLEMENTED": 500,
	"VALUE_UNREADABLE": 500, "UNKNOWN": 500,
}

func toError(method string, cause error) *Error {
	state := status.Convert(cause)
	e := &Error{Code: codeOf(state.Code()), message: fmt.Sprintf("%s failed: %s", method, state.Message()), cause: cause}
	for _, detail := range state.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			if _, known := httpStatus[detail.Reason]; known && detail.Domain == "session.v1" {
				e.Code, e.Metadata = detail.Reason, detail.Metadata
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

// codeOf gives what a status without a reason means.
func codeOf(status codes.Code) string {
	switch status {
	case codes.ResourceExhausted:
		// A request larger than gRPC takes does not reach the code that would give a reason.
		return CodeSessionTooLarge
	case codes.Unauthenticated:
		// No reason: the call failed before it was sent, for want of its API token.
		return CodeAPITokenInvalid
	}
	name := code.Code(status).String()
	if _, known := httpStatus[name]; known {
		return name
	}
	return CodeUnknown
}
