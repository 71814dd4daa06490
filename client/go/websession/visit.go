package websession

import (
	"context"
	"errors"
	"net/http"
	"sync"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

var (
	errTooLate = errors.New("websession: the session was started or its token was replaced after the headers of the response were written, " +
		"too late for its cookie: write to the session before the response")
	errNoMiddleware = errors.New("websession: expected the request to have passed LoadAndSave of this Manager")
)

// visit is the session of one request.
type visit struct {
	manager *Manager
	request *http.Request // as it arrived

	mu      sync.Mutex
	session *sidecar.Session // nil: not used yet
	brought requestCookies
	// unavailable is why the session could not be opened, unless it was ended since.
	unavailable error
	// unreported is the first error that the application does not know of.
	unreported error
	arrived    string // the token of the session that was opened
	// Whether the browser was to keep the cookie when the session was opened, and is to keep it now.
	persisted, persists bool
	isRenewed           bool
	// known is the token that the browser has once the headers are written.
	known string
}

func newVisit(manager *Manager, request *http.Request) *visit {
	return &visit{manager: manager, request: request}
}

// open opens the session at the first call. If that fails, the session is one that can only be read. Without a session cookie, the
// sidecar is not called.
func (v *visit) open(ctx context.Context) (*sidecar.Session, error) {
	if v.session != nil {
		return v.session, v.unavailable
	}
	client := v.manager.client
	v.brought = v.manager.cookie.read(v.request)
	v.session, v.unavailable = client.Open(ctx, v.brought.tokens...)
	if v.unavailable != nil {
		v.session = client.CreateUnavailable(v.unavailable)
		return v.session, v.unavailable
	}
	v.arrived = v.session.Token()
	v.known = v.arrived
	v.persisted = v.isPersistent()
	v.persists = v.persisted
	return v.session, nil
}

// load is open for the application, which gets an error or a session.
func (v *visit) load(ctx context.Context) (*sidecar.Session, error) {
	session, err := v.open(ctx)
	if err != nil && !v.manager.options.ReadOnlyWhenUnavailable {
		return nil, err
	}
	return session, nil
}

// fail records an error that the application does not get.
func (v *visit) fail(err error) {
	if v.unreported == nil {
		v.unreported = err
	}
}

// end ends the session. One that cannot be opened is ended without being read; what the sidecar can neither read nor end lets no one in.
func (v *visit) end(ctx context.Context) error {
	session, err := v.open(ctx)
	if err == nil {
		return session.Invalidate(ctx)
	}
	for _, token := range v.brought.tokens {
		if err := v.manager.client.Invalidate(ctx, token); err != nil && !errors.Is(err, sidecar.ErrInternal) {
			return err
		}
	}
	v.session, v.unavailable, v.unreported = v.manager.client.Create(), nil, nil
	v.arrived = v.brought.tokens[0]
	return nil
}

// used returns the session if there may be something to save; nil otherwise.
func (v *visit) used() *sidecar.Session {
	if v.unavailable != nil {
		return nil
	}
	return v.session
}

// beforeHeaders saves the session. It fails if another response must be sent, which is never so if this one reports a failure.
func (v *visit) beforeHeaders(ctx context.Context, status int) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	err := v.trySave(ctx, status)
	if reportsFailure(status) {
		if err != nil {
			v.manager.unsaved.report(ctx, err)
		}
		return nil
	}
	if v.unreported != nil {
		return v.unreported
	}
	return err
}

func (v *visit) trySave(ctx context.Context, status int) error {
	session := v.used()
	switch {
	case session == nil || v.unreported != nil && !reportsFailure(status):
		return nil
	case v.factsOf(status).isWithheld():
		v.withdraw(ctx)
		return nil
	}
	v.persists = v.isPersistent()
	hasSaved := session.HasChanges()
	if err := session.Save(ctx); err != nil {
		return err
	}
	if !reportsFailure(status) && v.needsRenewal() {
		v.isRenewed = hasSaved || v.isCurrent(ctx)
	}
	return nil
}

// withdraw leaves nothing stored of a session whose token is never sent. If that fails, the session expires by itself.
func (v *visit) withdraw(ctx context.Context) {
	if v.session.Token() != "" {
		_ = v.session.Invalidate(ctx)
	}
}

// abandon is called if there is no response.
func (v *visit) abandon(ctx context.Context) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if session := v.used(); session != nil && session.IsNew() && session.Token() != v.known {
		v.withdraw(ctx)
	}
}

func (v *visit) needsRenewal() bool {
	if token := v.session.Token(); token == "" || token != v.arrived {
		return false
	}
	return renewalFacts{v.manager.cookie.Rolling, v.persisted, v.persists, v.request.Header.Get("Sec-Fetch-Mode")}.needsCookie()
}

// isCurrent reports whether the token is still valid. One that a parallel request has replaced must not return to the browser.
func (v *visit) isCurrent(ctx context.Context) bool {
	session, err := v.manager.client.Open(ctx, v.session.Token())
	return err == nil && session.Token() == v.session.Token()
}

// writeHeaders completes the headers of the response, the application's or the ErrorHandler's.
func (v *visit) writeHeaders(header http.Header, status int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.session == nil {
		return
	}
	if status == http.StatusServiceUnavailable {
		setRetryAfter(header)
	}
	varyByCookie(header)
	if v.unavailable != nil {
		return
	}
	facts := v.factsOf(status)
	facts.isRenewed = v.isRenewed && !isForSharedCaches(header)
	token := facts.current
	switch facts.change() {
	case keepCookie:
		return
	case deleteCookie:
		token = ""
	}
	v.known = token
	setCookies(header, v.manager.cookie.headers(token, v.brought.names, v.manager.isHTTPS(v.request), v.persists))
}

// afterHandler saves what was written after the headers. It fails if the response must not be completed.
func (v *visit) afterHandler(ctx context.Context, status int) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.unreported != nil && !reportsFailure(status) {
		return v.unreported
	}
	session := v.used()
	if session == nil || v.factsOf(status).isWithheld() {
		return nil
	}
	isTooLate := session.Token() != v.known
	if session.Token() == "" {
		isTooLate = session.HasChanges()
	}
	err := errTooLate
	if !isTooLate {
		err = session.Save(ctx)
	}
	if err != nil && reportsFailure(status) {
		v.manager.unsaved.report(ctx, err)
		return nil
	}
	return err
}

func (v *visit) isPersistent() bool {
	remember := v.manager.options.Remember
	return v.manager.cookie.MaxAge > 0 && (remember == nil || remember(v.session))
}

func (v *visit) factsOf(status int) cookieFacts {
	return cookieFacts{
		arrived: v.arrived, current: v.session.Token(), isNew: v.session.IsNew(), failed: status >= http.StatusInternalServerError,
		noCookieOnError: v.manager.options.NoCookieOnError,
	}
}

// reportsFailure reports whether a response is sent even if its session could not be saved.
func reportsFailure(status int) bool { return status >= http.StatusBadRequest }

func (v *visit) unavailableReason() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.unavailable
}
