package sidecar

// One value for each Code, to be compared with errors.Is. A failed call returns an *Error, which has the facts.
var (
	ErrSessionNotFound  error = codeError(CodeSessionNotFound)
	ErrTokenInvalid     error = codeError(CodeTokenInvalid)
	ErrVersionMismatch  error = codeError(CodeVersionMismatch)
	ErrInvalidArgument  error = codeError(CodeInvalidArgument)
	ErrSessionTooLarge  error = codeError(CodeSessionTooLarge)
	ErrTooManyKeys      error = codeError(CodeTooManyKeys)
	ErrFlashQueueFull   error = codeError(CodeFlashQueueFull)
	ErrStoreUnavailable error = codeError(CodeStoreUnavailable)
	ErrStoreFull        error = codeError(CodeStoreFull)
	ErrDraining         error = codeError(CodeDraining)
	ErrInternal         error = codeError(CodeInternal)
	ErrRequestTooLarge  error = codeError(CodeRequestTooLarge)
	ErrOverloaded       error = codeError(CodeOverloaded)
	ErrAPITokenInvalid  error = codeError(CodeAPITokenInvalid)
	ErrLeaseHeld        error = codeError(CodeLeaseHeld)
	ErrLeaseLost        error = codeError(CodeLeaseLost)
	ErrCursorExpired    error = codeError(CodeCursorExpired)
	ErrSchemaViolation  error = codeError(CodeSchemaViolation)
	ErrDeadlineExceeded error = codeError(CodeDeadlineExceeded)
	ErrCancelled        error = codeError(CodeCancelled)
	ErrUnavailable      error = codeError(CodeUnavailable)
	ErrUnimplemented    error = codeError(CodeUnimplemented)
	ErrValueUnreadable  error = codeError(CodeValueUnreadable)
	ErrUnknown          error = codeError(CodeUnknown)
)

// codeError is a Code as an error.
type codeError Code

func (e codeError) Error() string { return string(e) }
