package websession

// cookieFacts is what decides, when the headers of a response are written, whether they change the cookie.
type cookieFacts struct {
	arrived   string // the token of the session that was opened; empty: none, or it had ended
	current   string // the session's token now; empty: it is not stored
	isNew     bool   // the session is another one than the one that was opened
	isRenewed bool   // the browser gets its token again, with a new lifetime
	failed    bool   // the response has status 500 or above
	// noCookieOnError keeps a new session from getting its cookie if the response failed.
	noCookieOnError bool
}

type cookieChange int

const (
	keepCookie cookieChange = iota
	setCookie
	deleteCookie
)

// change decides what a response does to the cookie.
//
// It is set only if the browser does not have the token yet, or gets a new lifetime for it. It is deleted only if this request itself
// has ended the session that was opened, and started no other. The cookie of a session that had ended before is left alone: a parallel
// request may just have replaced the token, and the browser may already have that request's cookie, which would be lost.
func (f cookieFacts) change() cookieChange {
	switch {
	case f.current != "" && f.current != f.arrived && !f.isWithheld():
		return setCookie
	case f.arrived != "" && f.current != f.arrived:
		return deleteCookie
	case f.current != "" && f.isRenewed && !(f.noCookieOnError && f.failed):
		return setCookie
	default:
		return keepCookie
	}
}

// isWithheld reports whether a session gets no cookie because the response failed. That applies only to new sessions: an existing one
// whose token was replaced would become unreachable.
func (f cookieFacts) isWithheld() bool { return f.isNew && f.failed && f.noCookieOnError }

// renewalFacts is what decides whether the browser needs its token again.
type renewalFacts struct {
	rolling bool
	// Whether the browser was to keep the cookie when the session was opened, and is to keep it now.
	persisted, persists bool
	// fetchMode is the header Sec-Fetch-Mode, which older browsers do not send, and none does over http.
	fetchMode string
}

// needsCookie reports whether the browser needs its token again. A page renews the cookie. What its scripts fetch does not: such requests
// run in parallel to others that may replace the token, and would bring the old one back.
func (f renewalFacts) needsCookie() bool {
	if f.persisted != f.persists {
		return true
	}
	return f.rolling && f.persists && (f.fetchMode == "" || f.fetchMode == "navigate")
}
