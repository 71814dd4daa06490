// Package websession gives the handlers of a net/http server their visitors' sessions. Its middleware opens a session when a handler first
// uses it, saves it before the headers of the response are written, and sets the cookie. It does not buffer responses.
package websession

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// Options are the settings of a Manager. The zero value suits most applications.
type Options struct {
	Cookie Cookie
	// Remember says whether this visitor's browser keeps the cookie for Cookie.MaxAge, as after a checked "remember me", rather than until
	// it is closed. It is called when a session is opened and when it is saved; a change sets the cookie again. Requires Cookie.MaxAge.
	// Default: yes, for all visitors.
	Remember func(*sidecar.Session) bool
	// NoCookieOnError leaves out the cookie of a new session if the response has status 500 or above, and nothing stays stored for it.
	NoCookieOnError bool
	// ReadOnlyWhenUnavailable serves a request whose session cannot be opened with an empty session, which fails when it is written.
	// Default: the session's first use fails with status 503, because a visitor must not be mistaken for a new one.
	ReadOnlyWhenUnavailable bool
	// TrustProxy believes the header X-Forwarded-Proto, which decides over Secure cookies. Set it only if all requests come by a proxy
	// that sets that header. Default: a request came over https if its connection is encrypted.
	TrustProxy bool
	// TrustedOrigins are origins such as https://shop.example.com whose pages may send requests that change something, beside those of
	// the host itself. See Manager.Protect.
	TrustedOrigins []string
	// ErrorHandler answers a request that failed because of its session: HTTPStatus returns the status. It may use the session, but
	// what it writes to it is not saved. Default: the text of the status, and a line in the log for status 500 and above.
	ErrorHandler func(http.ResponseWriter, *http.Request, error)
	// Logger gets what no response can report. It never gets tokens, keys or values. Default: slog.Default().
	Logger *slog.Logger
}

// Manager hands out the sessions of requests. Create one with New and share it: it is safe for concurrent use.
type Manager struct {
	client         *sidecar.Client
	options        Options
	cookie         cookie
	trustedOrigins map[string]bool
	unsaved        *unsavedLog
}

// New returns a Manager of the sessions of a client. It fails for options that browsers reject.
func New(client *sidecar.Client, options Options) (*Manager, error) {
	resolved, err := resolveCookie(options.Cookie)
	if err != nil {
		return nil, err
	}
	if options.Remember != nil && options.Cookie.MaxAge == 0 {
		return nil, errors.New("websession: expected Options.Cookie.MaxAge to be given with Remember, because it says for how long")
	}
	origins, err := resolveOrigins(options.TrustedOrigins)
	if err != nil {
		return nil, err
	}
	if options.Logger == nil {
		options.Logger = slog.Default()
	}
	m := &Manager{client, options, resolved, origins, &unsavedLog{logger: options.Logger}}
	if options.ErrorHandler == nil {
		m.options.ErrorHandler = m.answerError
	}
	return m, nil
}

// String describes the Manager for logs by its cookie. Without it, fmt would read what requests in flight write.
func (m *Manager) String() string { return fmt.Sprintf("Manager(%s)", m.cookie.Name) }

type contextKey struct{ *Manager }

// LoadAndSave returns middleware that gives requests their session. It calls the sidecar for those only that use it.
//
// The session is saved when the handler writes the first header or byte of the response, or returns. If that fails, the ErrorHandler
// answers instead, and the handler's writes fail; a response of status 400 or above is sent nevertheless, and the failure logged. What
// is written to the session later is saved when the handler returns; if that fails, or if it would need another cookie, the connection
// is closed, so that the response is not mistaken for a complete one. If the handler panics, or hijacks the connection, nothing is saved.
//
// Saving does not stop when the visitor goes away. http.TimeoutHandler belongs outside of this middleware: it goes on while its handler
// still runs.
func (m *Manager) LoadAndSave(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := contextKey{m}
		if r.Context().Value(key) != nil {
			next.ServeHTTP(w, r)
			return
		}
		v := newVisit(m, r)
		r = r.WithContext(context.WithValue(r.Context(), key, v))
		response := newResponse(w, r, v)
		hasReturned := false
		defer func() {
			if !hasReturned {
				v.abandon(response.savingContext())
			}
		}()
		next.ServeHTTP(response.withCapabilities(), r)
		hasReturned = true
		response.finish()
	})
}

// ServeError answers a request that failed, with the ErrorHandler.
func (m *Manager) ServeError(w http.ResponseWriter, r *http.Request, err error) {
	m.options.ErrorHandler(w, r, err)
}

func (m *Manager) answerError(w http.ResponseWriter, r *http.Request, err error) {
	status := HTTPStatus(err)
	text := http.StatusText(status)
	if forged := (*CSRFError)(nil); errors.As(err, &forged) {
		text = forged.Error()
	}
	if status >= http.StatusInternalServerError {
		m.options.Logger.ErrorContext(r.Context(), "a request failed because of its session", "reason", reasonOf(err))
	}
	http.Error(w, text, status)
}

// isHTTPS reports whether the browser sent the request over https. Of several proxies, the first is the one that it talked to.
func (m *Manager) isHTTPS(r *http.Request) bool {
	proto, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	if !m.options.TrustProxy || proto == "" {
		return r.TLS != nil
	}
	return strings.EqualFold(strings.TrimSpace(proto), "https")
}
