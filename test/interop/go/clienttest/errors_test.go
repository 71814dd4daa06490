package clienttest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"google.golang.org/grpc/codes"
)

// errorValues has the value of each code.
var errorValues = map[sidecar.Code]error{
	sidecar.CodeSessionNotFound: sidecar.ErrSessionNotFound, sidecar.CodeTokenInvalid: sidecar.ErrTokenInvalid,
	sidecar.CodeVersionMismatch: sidecar.ErrVersionMismatch, sidecar.CodeInvalidArgument: sidecar.ErrInvalidArgument,
	sidecar.CodeSessionTooLarge: sidecar.ErrSessionTooLarge, sidecar.CodeTooManyKeys: sidecar.ErrTooManyKeys,
	sidecar.CodeFlashQueueFull: sidecar.ErrFlashQueueFull, sidecar.CodeStoreUnavailable: sidecar.ErrStoreUnavailable,
	sidecar.CodeStoreFull: sidecar.ErrStoreFull, sidecar.CodeDraining: sidecar.ErrDraining, sidecar.CodeInternal: sidecar.ErrInternal,
	sidecar.CodeRequestTooLarge: sidecar.ErrRequestTooLarge, sidecar.CodeOverloaded: sidecar.ErrOverloaded,
	sidecar.CodeAPITokenInvalid: sidecar.ErrAPITokenInvalid, sidecar.CodeDeadlineExceeded: sidecar.ErrDeadlineExceeded,
	sidecar.CodeCancelled: sidecar.ErrCancelled, sidecar.CodeUnavailable: sidecar.ErrUnavailable,
	sidecar.CodeUnimplemented: sidecar.ErrUnimplemented, sidecar.CodeValueUnreadable: sidecar.ErrValueUnreadable,
	sidecar.CodeUnknown: sidecar.ErrUnknown,
}

func TestEachCodeHasAnErrorValueAndAnHTTPStatus(t *testing.T) {
	for code, value := range errorValues {
		failure := &sidecar.Error{Code: code}
		if failure.HTTPStatus() == 0 {
			t.Errorf("%s has no status", code)
		}
		for other, otherValue := range errorValues {
			if errors.Is(fmt.Errorf("wrapped: %w", failure), otherValue) != (other == code) {
				t.Errorf("%s is taken for %s, or not for itself", code, other)
			}
		}
		if value.Error() != string(code) {
			t.Errorf("%v is the value of %s", value, code)
		}
	}
}

func TestAFailedCallIsTheValueOfItsReason(t *testing.T) {
	for code, value := range errorValues {
		// No call is retried, because that would be after its deadline.
		failure := &refusal{status_: codes.FailedPrecondition, reason: string(code), retryAfter: time.Hour}
		fake := startFake(t, failing("UpdateSession", 1, failure))
		err := changed(t, dial(t, fake.address)).Save(patient(t))
		var reported *sidecar.Error
		if !errors.Is(err, value) || !errors.As(err, &reported) || reported.Code != code {
			t.Errorf("%s gave %v", code, err)
		}
	}
}
