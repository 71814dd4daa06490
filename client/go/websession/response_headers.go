package websession

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// targetedHeaders are for shared caches only, which obey them rather than Cache-Control (RFC 9213).
var targetedHeaders = []string{"CDN-Cache-Control", "Surrogate-Control"}

// sharedDirectives let shared caches keep a response.
var sharedDirectives = []string{"public", "s-maxage", "proxy-revalidate"}

// varyByCookie keeps caches from answering one visitor with what another visitor's session has put into a page.
func varyByCookie(header http.Header) {
	for _, field := range strings.Split(strings.Join(header.Values("Vary"), ","), ",") {
		if name := strings.TrimSpace(field); name == "*" || strings.EqualFold(name, "Cookie") {
			return
		}
	}
	header.Add("Vary", "Cookie")
}

// setRetryAfter asks for as many seconds as a sidecar or its store takes to come back, about.
func setRetryAfter(header http.Header) {
	if header.Get("Retry-After") == "" {
		header.Set("Retry-After", "1")
	}
}

// setCookies adds Set-Cookie headers. They replace those of the same names, because browsers may apply several in any order (RFC 6265,
// section 4.1.1). No shared cache may keep the response then: it would hand the cookie to other visitors.
func setCookies(header http.Header, cookies []string) {
	others := slices.DeleteFunc(slices.Clone(header.Values("Set-Cookie")), func(other string) bool {
		return slices.ContainsFunc(cookies, func(cookie string) bool { return cookieName(cookie) == cookieName(other) })
	})
	header["Set-Cookie"] = append(others, cookies...)
	header.Set("Cache-Control", withoutSharedCaches(cacheControlOf(header)))
	for _, name := range targetedHeaders {
		header.Del(name)
	}
}

func cookieName(setCookie string) string {
	name, _, _ := strings.Cut(setCookie, "=")
	return strings.TrimSpace(name)
}

// isForSharedCaches reports whether the application lets shared caches keep the response.
func isForSharedCaches(header http.Header) bool {
	var names []string
	for _, directive := range directivesOf(cacheControlOf(header)) {
		names = append(names, directiveName(directive))
	}
	if slices.Contains(names, "no-store") || slices.Contains(names, "private") {
		return false
	}
	isShared := func(name string) bool { return slices.Contains(sharedDirectives, name) }
	return slices.ContainsFunc(names, isShared) || slices.ContainsFunc(targetedHeaders, func(name string) bool { return header.Get(name) != "" })
}

// withoutSharedCaches returns directives that allow the visitor's own browser what they allowed, and everyone else nothing.
func withoutSharedCaches(cacheControl string) string {
	kept := []string{"private"}
	for _, directive := range directivesOf(cacheControl) {
		switch name := directiveName(directive); {
		case name == "no-store":
			return cacheControl
		// A private that names fields allows the rest of the response to be shared.
		case name != "private" && !slices.Contains(sharedDirectives, name):
			kept = append(kept, directive)
		}
	}
	return strings.Join(kept, ", ")
}

func cacheControlOf(header http.Header) string {
	return strings.Join(header.Values("Cache-Control"), ", ")
}

// directive is text up to a comma, except those between quotation marks.
var directive = regexp.MustCompile(`(?:[^,"]|"[^"]*"?)+`)

func directivesOf(cacheControl string) []string {
	var directives []string
	for _, each := range directive.FindAllString(cacheControl, -1) {
		if text := strings.TrimSpace(each); text != "" {
			directives = append(directives, text)
		}
	}
	return directives
}

func directiveName(directive string) string {
	name, _, _ := strings.Cut(directive, "=")
	return strings.ToLower(strings.TrimSpace(name))
}
