package websession

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// HTTPStatus returns the status of the response to a request that failed with an error: 403 for a *CSRFError, that of a *sidecar.Error,
// or 500.
func HTTPStatus(err error) int {
	if forged := (*CSRFError)(nil); errors.As(err, &forged) {
		return http.StatusForbidden
	}
	if failure := (*sidecar.Error)(nil); errors.As(err, &failure) {
		return failure.HTTPStatus()
	}
	return http.StatusInternalServerError
}

// reasonOf describes an error for logs. The message of an error that is not the sidecar's may contain values.
func reasonOf(err error) string {
	if code := sidecar.CodeOf(err); code != "" {
		return string(code)
	}
	if errors.Is(err, errTooLate) {
		return err.Error()
	}
	return fmt.Sprintf("%T", err)
}

func (m *Manager) reportCutOff(r *http.Request, err error) {
	m.options.Logger.ErrorContext(r.Context(), "a response was cut off, because its session could not be saved", "reason", reasonOf(err))
}

// unsavedLog reports sessions that could not be saved. While the sidecar is down, every request could: of those in the minute after a
// report, only the number is logged, with the next one.
type unsavedLog struct {
	logger *slog.Logger

	mu     sync.Mutex
	last   time.Time
	others int
}

func (l *unsavedLog) report(ctx context.Context, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := time.Now(); l.last.IsZero() || now.Sub(l.last) >= time.Minute {
		l.logger.WarnContext(ctx, "the session of a response of status 400 or above was not saved", "reason", reasonOf(err), "others", l.others)
		l.last, l.others = now, 0
		return
	}
	l.others++
}
