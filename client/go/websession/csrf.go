package websession

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

// CSRFError says why a request that changes something may not come from the application's own pages. It does not quote the request's
// token, and may be shown to the visitor.
type CSRFError struct {
	// Reason is CSRFOriginUntrusted or CSRFTokenInvalid.
	Reason  string
	message string
}

// The reasons of a CSRFError.
const (
	// CSRFOriginUntrusted: the request was sent by a page of another origin, which is not among the TrustedOrigins.
	CSRFOriginUntrusted = "CSRF_ORIGIN_UNTRUSTED"
	// CSRFTokenInvalid: the request does not carry the CSRF token of its session.
	CSRFTokenInvalid = "CSRF_TOKEN_INVALID"
)

func (e *CSRFError) Error() string { return e.message }

// safeMethods change nothing, so a forged request does no harm (RFC 9110, section 9.2.1).
var safeMethods = []string{"", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}

// Protect returns middleware that rejects forged requests with a *CSRFError of status 403. It belongs inside of LoadAndSave.
//
// A request with another method than GET, HEAD, OPTIONS and TRACE must come from a page of its own host, or of the TrustedOrigins, as far
// as the browser reports that, and carry a token from CSRFToken: in the header X-CSRF-Token or, without one, in the form field csrf_token.
// The query string is ignored, because it ends up in logs and referrers. To read the field, Protect parses the form, whose files it keeps
// in memory up to 32 MB; a handler that is to read a larger body by itself must be sent the header. A WebSocket, which needs no token,
// must come from such a page, too.
func (m *Manager) Protect(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := m.checkRequest(r); err != nil {
			m.ServeError(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (m *Manager) checkRequest(r *http.Request) error {
	isSafe := slices.Contains(safeMethods, r.Method)
	if isSafe && !isWebSocket(r) {
		return nil
	}
	if foreign := m.foreignOrigin(r); foreign != "" {
		return &CSRFError{CSRFOriginUntrusted, fmt.Sprintf("The request comes from a page of another origin: %s.", foreign)}
	}
	if isSafe {
		return nil
	}
	token := r.Header.Get("X-CSRF-Token")
	if token == "" {
		token = r.PostFormValue("csrf_token")
	}
	if token == "" {
		return &CSRFError{CSRFTokenInvalid, "The request has no CSRF token. Send it as the header X-CSRF-Token or the form field csrf_token."}
	}
	session, err := m.Load(r.Context())
	if err == nil && m.options.ReadOnlyWhenUnavailable {
		// The right token is unknown, and the visitor has done nothing wrong.
		err = m.visitOf(r.Context()).unavailableReason()
	}
	if err != nil {
		return err
	}
	if !isCSRFToken(session, token) {
		return &CSRFError{CSRFTokenInvalid, "The CSRF token is not that of the session. Load the page again."}
	}
	return nil
}

func isWebSocket(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("Upgrade"), "websocket")
}

func resolveOrigins(origins []string) (map[string]bool, error) {
	trusted := map[string]bool{}
	for _, origin := range origins {
		parsed, err := url.Parse(origin)
		if err != nil || parsed.Host == "" || parsed.Scheme+"://"+parsed.Host != origin || origin != strings.ToLower(origin) {
			return nil, fmt.Errorf("websession: expected each of Options.TrustedOrigins to be an origin such as https://shop.example.com, got %q", origin)
		}
		trusted[origin] = true
	}
	return trusted, nil
}

// foreignOrigin says why a request cannot come from one of the application's own pages, nor from a trusted one; empty: it can.
//
// Sec-Fetch-Site decides. Browsers send it over https and to localhost only. Without it, the host of Origin or Referer must be the one
// that the request was sent to. A request with none of them comes from no current browser; its token decides.
func (m *Manager) foreignOrigin(r *http.Request) string {
	origin, referer := r.Header.Get("Origin"), r.Header.Get("Referer")
	switch site := r.Header.Get("Sec-Fetch-Site"); {
	case m.trustedOrigins[origin], site == "same-origin", site == "none":
		return ""
	case site == "same-site", site == "cross-site":
		return fmt.Sprintf("Sec-Fetch-Site is %s, Origin is %q", site, origin)
	case origin != "":
		return foreignUnless(hostOf(origin) == strings.ToLower(r.Host), "Origin is %q", origin)
	case referer != "":
		// Without its path, which may be private.
		from := originOf(referer)
		return foreignUnless(hostOf(from) == strings.ToLower(r.Host) || m.trustedOrigins[from], "the origin of Referer is %q", from)
	default:
		return ""
	}
}

func foreignUnless(isOwn bool, format, origin string) string {
	if isOwn {
		return ""
	}
	return fmt.Sprintf(format, origin)
}

func originOf(address string) string {
	parsed, err := url.Parse(address)
	if err != nil || parsed.Host == "" {
		return "null"
	}
	return parsed.Scheme + "://" + strings.ToLower(parsed.Host)
}

func hostOf(origin string) string {
	_, host, _ := strings.Cut(originOf(origin), "://")
	return host
}

// isCSRFToken reports whether a text is the session's CSRF token, masked or not. It compares in constant time.
func isCSRFToken(s *sidecar.Session, text string) bool {
	return s.CheckCSRFToken(unmaskToken(text)) || s.CheckCSRFToken(text)
}

// maskToken returns the token XOR a random pad of its length, after the pad.
func maskToken(token string) string {
	masked := make([]byte, 2*len(token))
	pad, hidden := masked[:len(token)], masked[len(token):]
	_, _ = rand.Read(pad) // never fails
	subtle.XORBytes(hidden, []byte(token), pad)
	return base64.RawURLEncoding.EncodeToString(masked)
}

// unmaskToken returns what was masked. Any other text gives one that is no token.
func unmaskToken(text string) string {
	masked, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(masked)%2 != 0 {
		return ""
	}
	token := masked[len(masked)/2:]
	subtle.XORBytes(token, token, masked[:len(token)])
	return string(token)
}
