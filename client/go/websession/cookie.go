package websession

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// SecureMode says whether browsers send the cookie over https only.
type SecureMode int

const (
	SecureAuto   SecureMode = iota // if the request that sets it came over https
	SecureAlways                   // always
	SecureNever                    // never
)

// Cookie describes the cookie that carries a session's token. The zero value is a cookie that is gone when the browser is closed, that
// scripts cannot read, and that other sites cannot send with a POST.
type Cookie struct {
	// Name is used unchanged. Default: __Host-session_sidecar if the cookie is Secure, has the path / and no domain, so that no other host
	// can set it; __Secure-session_sidecar if it is Secure otherwise; session_sidecar if it is not.
	Name string
	// Path is the default / or a path below it.
	Path string
	// Domain makes browsers send the cookie to subdomains, too. Default: none, which means the host that set it.
	Domain string
	Secure SecureMode
	// SameSite is http.SameSiteLaxMode by default. http.SameSiteNoneMode requires a Secure cookie; with SecureAuto, the cookie is Lax over
	// http.
	SameSite http.SameSite
	// ReadableByScripts lets scripts in the page read the cookie.
	ReadableByScripts bool
	// MaxAge is how long browsers keep the cookie since it was set, in whole seconds; they keep none for more than 400 days. The lifetime
	// of the session itself is up to the sidecar. Default: until the browser is closed.
	MaxAge time.Duration
	// Rolling starts MaxAge again whenever the visitor opens a page that uses the session. Without a write in the same request, this costs
	// one call, which confirms that no parallel request has replaced the token. Requests of scripts, images and the like, and responses
	// that shared caches may keep, do not set the cookie again. Requires MaxAge.
	Rolling bool
	// Partitioned gives each top-level site its own cookie (CHIPS). Requires a Secure cookie; with SecureAuto, has no effect over http.
	Partitioned bool
	// Priority decides which cookies Chromium drops first when a site has too many: Low, Medium or High. Default: none, which means Medium.
	Priority string
}

// cookie is a Cookie with defaults, known to be acceptable to browsers.
type cookie struct {
	Cookie
	prefixedName string // replaces Name if the cookie is Secure; empty: never
}

// defaultCookieName is not the default of any other framework, so applications on one host do not clash.
const defaultCookieName = "session_sidecar"

// maxAttributeLength is the number of bytes from which browsers ignore an attribute.
const maxAttributeLength = 1024

func resolveCookie(options Cookie) (cookie, error) {
	c := cookie{Cookie: options}
	if c.Path == "" {
		c.Path = "/"
	}
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	if c.Name == "" {
		c.Name = defaultCookieName
		if c.Secure != SecureNever {
			c.prefixedName = "__Secure-" + c.Name
			if c.Path == "/" && c.Domain == "" {
				c.prefixedName = "__Host-" + c.Name
			}
		}
	}
	return c, c.check()
}

// check tests what browsers require of a cookie (RFC 6265bis, section 5.7), as far as the options decide it.
func (c *cookie) check() error {
	probe := http.Cookie{Name: c.Name, Value: "token", Path: c.Path, Domain: c.Domain}
	if err := probe.Valid(); err != nil {
		return fmt.Errorf("websession: Options.Cookie: %w", err)
	}
	prefix, otherwise := prefixOf(c.Name), "reject "+c.Name+" otherwise"
	for _, rule := range []struct {
		holds             bool
		option, want, why string
	}{
		{c.Secure >= SecureAuto && c.Secure <= SecureNever, "Secure", "one of the constants", "have no other"},
		{prefix == "" || c.Secure == SecureAlways, "Secure", "SecureAlways", otherwise},
		{!strings.HasPrefix(prefix, "host") || c.Path == "/" && c.Domain == "", "Path", "/ and Cookie.Domain to be empty", otherwise},
		{!strings.HasSuffix(prefix, "http") || !c.ReadableByScripts, "ReadableByScripts", "false", otherwise},
		{c.SameSite >= http.SameSiteLaxMode && c.SameSite <= http.SameSiteNoneMode, "SameSite", "Lax, Strict or None", "know no other"},
		{c.SameSite != http.SameSiteNoneMode || c.Secure != SecureNever, "Secure", "SecureAuto or SecureAlways", "reject SameSite=None otherwise"},
		{!c.Partitioned || c.Secure != SecureNever, "Secure", "SecureAuto or SecureAlways", "reject Partitioned otherwise"},
		{c.MaxAge >= 0 && c.MaxAge%time.Second == 0, "MaxAge", "a positive number of whole seconds", "know no other"},
		{!c.Rolling || c.MaxAge > 0, "MaxAge", "given with Cookie.Rolling", "have nothing to renew otherwise"},
		{strings.HasPrefix(c.Path, "/"), "Path", "a path that begins with /", "replace it otherwise"},
		{!strings.HasSuffix(c.Path, " "), "Path", "a path that does not end with a space", "remove the space"},
		{len(c.Name) <= maxAttributeLength, "Name", "at most 1024 bytes", "ignore longer ones"},
		{len(c.Path) <= maxAttributeLength, "Path", "at most 1024 bytes", "ignore longer ones"},
		{len(c.Domain) <= maxAttributeLength, "Domain", "at most 1024 bytes", "ignore longer ones"},
		{slices.Contains([]string{"", "Low", "Medium", "High"}, c.Priority), "Priority", "Low, Medium or High", "know no other"},
	} {
		if !rule.holds {
			return fmt.Errorf("websession: expected Options.Cookie.%s to be %s, because browsers %s", rule.option, rule.want, rule.why)
		}
	}
	return nil
}

// prefixOf returns the part of a name that browsers attach rules to: host, secure, host-http or http. They ignore its case.
func prefixOf(name string) string {
	for _, prefix := range []string{"host-http", "host", "http", "secure"} {
		if strings.HasPrefix(strings.ToLower(name), "__"+prefix+"-") {
			return prefix
		}
	}
	return ""
}

// names returns all names that the cookie may have, the most trustworthy first.
func (c *cookie) names() []string {
	if c.prefixedName == "" {
		return []string{c.Name}
	}
	return []string{c.prefixedName, c.Name}
}

// requestCookies are the session cookies of a request.
type requestCookies struct {
	tokens []string // possible tokens, in the order in which to try them
	names  []string // of the cookies that were present
}

// hasTokenForm reports whether a text has the form of a token, two texts of base64url; the sidecar verifies it.
func hasTokenForm(text string) bool {
	id, signature, _ := strings.Cut(text, ".")
	return isTokenPart(id) && isTokenPart(signature)
}

func isTokenPart(text string) bool {
	if len(text) < 16 || len(text) > 128 {
		return false
	}
	for _, char := range []byte(text) {
		if !('0' <= char && char <= '9' || 'A' <= char && char <= 'Z' || 'a' <= char && char <= 'z' || char == '-' || char == '_') {
			return false
		}
	}
	return true
}

// read returns every value that could be a token. A browser sends several cookies of one name if they were set for different paths or
// domains, possibly by another host of the same site, and does not say which is which. Those of the name with a prefix, which cannot be
// set over http, come first; otherwise the browser's order is kept.
func (c *cookie) read(r *http.Request) (found requestCookies) {
	var first string
	for _, name := range c.names() {
		cookies := r.CookiesNamed(name)
		if len(cookies) > 0 {
			found.names = append(found.names, name)
		}
		for _, each := range cookies {
			if first == "" {
				first = each.Value
			}
			if hasTokenForm(each.Value) {
				found.tokens = append(found.tokens, each.Value)
			}
		}
	}
	// If none has the form of a token, only one is tried.
	if len(found.tokens) == 0 && first != "" {
		found.tokens = []string{first}
	}
	return found
}

// headers returns the Set-Cookie headers after which the browser has this token and no other: cookies of other names that the request
// carried are deleted. The empty token deletes the cookie.
func (c *cookie) headers(token string, brought []string, isHTTPS, isPersistent bool) []string {
	isSecure := c.Secure == SecureAlways || c.Secure == SecureAuto && isHTTPS
	name := c.Name
	if c.prefixedName != "" && isSecure {
		name = c.prefixedName
	}
	var headers []string
	if token != "" {
		headers = append(headers, c.header(name, token, isSecure, isPersistent))
	}
	for _, each := range brought {
		if token == "" || each != name {
			headers = append(headers, c.header(each, "", isSecure, false))
		}
	}
	return headers
}

func (c *cookie) header(name, token string, isSecure, isPersistent bool) string {
	// A cookie whose name has the prefix was set over https, whatever a proxy in between says.
	isSecure = isSecure || name == c.prefixedName
	set := http.Cookie{Name: name, Value: token, Path: c.Path, Domain: c.Domain, HttpOnly: !c.ReadableByScripts, Secure: isSecure,
		SameSite: c.SameSite, Partitioned: c.Partitioned && isSecure}
	if set.SameSite == http.SameSiteNoneMode && !isSecure {
		set.SameSite = http.SameSiteLaxMode
	}
	switch {
	case token == "":
		set.MaxAge, set.Expires = -1, time.Unix(0, 0)
	case isPersistent:
		set.MaxAge = int(c.MaxAge / time.Second)
	}
	if c.Priority != "" {
		return set.String() + "; Priority=" + c.Priority
	}
	return set.String()
}
