package web

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

const month = 30 * 24 * time.Hour

// setCookies returns the Set-Cookie headers, with the token replaced by T.
func setCookies(answer *answer) []string {
	var headers []string
	for _, header := range answer.Header.Values("Set-Cookie") {
		name, rest, _ := strings.Cut(header, "=")
		value, attributes, _ := strings.Cut(rest, ";")
		if value != "" {
			value = "T"
		}
		headers = append(headers, name+"="+value+";"+attributes)
	}
	return headers
}

func TestTheCookieFollowsTheRequest(t *testing.T) {
	https := http.Header{"X-Forwarded-Proto": {"https, http"}}
	for _, test := range []struct {
		options websession.Options
		header  http.Header
		want    string
	}{
		{websession.Options{}, nil, "session_sidecar=T; Path=/; HttpOnly; SameSite=Lax"},
		{websession.Options{}, https, "session_sidecar=T; Path=/; HttpOnly; SameSite=Lax"},
		{websession.Options{TrustProxy: true}, https, "__Host-session_sidecar=T; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{websession.Options{TrustProxy: true}, http.Header{"X-Forwarded-Proto": {"http, https"}}, "session_sidecar=T; Path=/; HttpOnly; SameSite=Lax"},
		{websession.Options{TrustProxy: true, Cookie: websession.Cookie{Path: "/set"}}, https, "__Secure-session_sidecar=T; Path=/set; HttpOnly; Secure; SameSite=Lax"},
		{websession.Options{TrustProxy: true, Cookie: websession.Cookie{Domain: "example.com"}}, https, "__Secure-session_sidecar=T; Path=/; Domain=example.com; HttpOnly; Secure; SameSite=Lax"},
		{websession.Options{Cookie: websession.Cookie{Secure: websession.SecureAlways}}, nil, "__Host-session_sidecar=T; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{websession.Options{TrustProxy: true, Cookie: websession.Cookie{Secure: websession.SecureNever}}, https, "session_sidecar=T; Path=/; HttpOnly; SameSite=Lax"},
		{websession.Options{TrustProxy: true, Cookie: websession.Cookie{Name: "own"}}, https, "own=T; Path=/; HttpOnly; Secure; SameSite=Lax"},
		{websession.Options{Cookie: websession.Cookie{SameSite: http.SameSiteNoneMode, Partitioned: true}}, nil, "session_sidecar=T; Path=/; HttpOnly; SameSite=Lax"},
		{websession.Options{TrustProxy: true, Cookie: websession.Cookie{SameSite: http.SameSiteNoneMode, Partitioned: true}}, https, "__Host-session_sidecar=T; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"},
		{websession.Options{Cookie: websession.Cookie{ReadableByScripts: true, MaxAge: month, Priority: "High"}}, nil, "session_sidecar=T; Path=/; Max-Age=2592000; SameSite=Lax; Priority=High"},
	} {
		w := newWorld(t, test.options)
		b := w.serve(t, w.notes())
		expect(t, "Set-Cookie", strings.Join(setCookies(b.with("/set?note=a", test.header)), " | "), test.want)
	}
}

func TestOverHTTPSTheCookieOfHTTPIsReplaced(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	maps.Copy(routes, w.account())
	b := serveTLS(t, w.LoadAndSave(muxOf(routes)))
	b.get("/set?note=a")
	secure := b.cookies["__Host-session_sidecar"]
	b.cookies = map[string]string{"session_sidecar": secure}
	expect(t, "note by the cookie of http", b.get("/get").body, "a")
	expect(t, "Set-Cookie", strings.Join(setCookies(b.get("/login")), " | "),
		"__Host-session_sidecar=T; Path=/; HttpOnly; Secure; SameSite=Lax | "+
			"session_sidecar=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; HttpOnly; Secure; SameSite=Lax")
	b.cookies["session_sidecar"] = secure
	expect(t, "user by the better of two cookies", b.get("/user").body, "Ada")
	expect(t, "cookies that a logout deletes", len(setCookies(b.get("/logout"))), 2)
}

func TestEachCookieOfTheNameIsTried(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, w.notes())
	b.get("/set?note=a")
	valid := b.token()
	forged := valid[:len(valid)-2] + "AA"
	for _, tokens := range [][]string{{valid, forged}, {forged, valid}, {"", "x", valid}, {"x.y", forged, forged, valid}} {
		stranger := b.another()
		answer := stranger.with("/get", http.Header{"Cookie": {"session_sidecar=" + strings.Join(tokens, "; session_sidecar=")}})
		expect(t, fmt.Sprint("note with ", len(tokens)), answer.body, "a")
	}
	w.calls.take()
	for _, damaged := range []string{"x", "%", "a.b", strings.Repeat("x", 3000), forged} {
		answer := b.another().with("/get", http.Header{"Cookie": {"session_sidecar=" + damaged}})
		expect(t, "status", answer.StatusCode, http.StatusOK)
		expect(t, "cookies", len(answer.Cookies()), 0)
	}
	expect(t, "calls", fmt.Sprint(w.calls.take()), "map[GetSession:5]")
}

func TestOfSeveralCookiesOnlyThoseInTheFormOfATokenAreTried(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, w.notes())
	part := func(length int) string { return strings.Repeat("aZ0_-", 26)[:length] }
	for value, calls := range map[string]int{
		part(16) + "." + part(16): 2, part(128) + "." + part(128): 2,
		part(15) + "." + part(16): 1, part(16) + "." + part(15): 1, part(129) + "." + part(16): 1, part(16) + "." + part(129): 1,
		part(16): 1, part(33): 1, part(16) + "." + part(16) + ".": 1, part(16) + "." + part(16) + "." + part(16): 1,
		part(15) + "+." + part(16): 1, part(16) + "." + part(8) + "/" + part(8): 1, "~" + part(16) + "." + part(16): 1,
	} {
		w.calls.take()
		other := part(20) + "." + part(20)
		b.another().with("/get", http.Header{"Cookie": {"session_sidecar=" + value + "; session_sidecar=" + other}})
		expect(t, "calls with "+value, fmt.Sprint(w.calls.take()), fmt.Sprintf("map[GetSession:%d]", calls))
	}
}

func TestARollingCookieIsRenewedByPages(t *testing.T) {
	w := newWorld(t, websession.Options{Cookie: websession.Cookie{MaxAge: month, Rolling: true}})
	routes := w.notes()
	maps.Copy(routes, w.account())
	routes["GET /public"] = func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Cache-Control", "public")
		w.Exists(r.Context(), "note")
	}
	reached, goOn := make(chan struct{}), make(chan struct{})
	routes["GET /slow"] = func(out http.ResponseWriter, r *http.Request) {
		w.Exists(r.Context(), "note")
		close(reached)
		<-goOn
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	w.calls.take()
	renewed := "[session_sidecar=T; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax]"
	for _, test := range []struct {
		path  string
		mode  string
		want  string
		calls string
	}{
		{"/get", "", renewed, "map[GetSession:2]"},
		{"/get", "navigate", renewed, "map[GetSession:2]"},
		{"/get", "cors", "[]", "map[GetSession:1]"},
		{"/set?note=b", "navigate", renewed, "map[GetSession:1 UpdateSession:1]"},
		{"/public", "navigate", "[]", "map[GetSession:2]"},
		{"/plain", "navigate", "[]", "map[]"},
	} {
		header := http.Header{}
		if test.mode != "" {
			header.Set("Sec-Fetch-Mode", test.mode)
		}
		expect(t, test.path+" "+test.mode, fmt.Sprint(setCookies(b.with(test.path, header))), test.want)
		expect(t, "calls of "+test.path, fmt.Sprint(w.calls.take()), test.calls)
	}
	done := make(chan *answer)
	slow := b.another()
	maps.Copy(slow.cookies, b.cookies)
	go func() { done <- slow.get("/slow") }()
	<-reached
	b.get("/login")
	close(goOn)
	expect(t, "cookies of a page whose token was replaced meanwhile", len((<-done).Cookies()), 0)
}

func TestRememberDecidesForEachVisitor(t *testing.T) {
	w := newWorld(t, websession.Options{
		Cookie:   websession.Cookie{MaxAge: month},
		Remember: func(s *sidecar.Session) bool { remember, _ := sidecar.GetOr(s, "remember", false); return remember },
	})
	routes := w.notes()
	routes["GET /remember"] = func(_ http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "remember", r.FormValue("on") == "yes")
	}
	b := w.serve(t, routes)
	const forgotten, kept = "[session_sidecar=T; Path=/; HttpOnly; SameSite=Lax]", "[session_sidecar=T; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax]"
	for _, step := range [][2]string{
		{"/set?note=a", forgotten}, {"/remember?on=yes", kept}, {"/set?note=b", "[]"}, {"/get", "[]"}, {"/remember?on=no", forgotten}, {"/get", "[]"},
	} {
		expect(t, step[0], fmt.Sprint(setCookies(b.get(step[0]))), step[1])
	}
}

func TestNoSharedCacheKeepsAResponseWithTheCookie(t *testing.T) {
	for before, after := range map[string]string{
		"": "private", "public, max-age=60": "private, max-age=60", "no-store": "no-store", "s-maxage=9, max-age=1, proxy-revalidate": "private, max-age=1",
		`private="Set-Cookie", max-age=1`: "private, max-age=1", `no-cache="a, b", public`: `private, no-cache="a, b"`,
	} {
		w := newWorld(t, websession.Options{})
		b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "note", "a")
			if before != "" {
				out.Header().Set("Cache-Control", before)
			}
			out.Header().Set("CDN-Cache-Control", "max-age=60")
			out.Header().Set("Surrogate-Control", "max-age=60")
			out.Header().Set("Vary", "Accept")
			http.SetCookie(out, &http.Cookie{Name: "theme", Value: "dark"})
			http.SetCookie(out, &http.Cookie{Name: "session_sidecar", Value: "foreign"})
		}})
		answer := b.get("/")
		expect(t, before, answer.Header.Get("Cache-Control"), after)
		expect(t, "targeted", answer.Header.Get("CDN-Cache-Control")+answer.Header.Get("Surrogate-Control"), "")
		expect(t, "Vary", strings.Join(answer.Header.Values("Vary"), ", "), "Accept, Cookie")
		expect(t, "cookies", fmt.Sprint(setCookies(answer)), "[theme=T; session_sidecar=T; Path=/; HttpOnly; SameSite=Lax]")
		if answer.cookie(t, "session_sidecar").Value == "foreign" {
			t.Error("the foreign value stays")
		}
	}
}

func TestVaryIsNotRepeated(t *testing.T) {
	for _, vary := range []string{"*", "cookie", "Accept, Cookie"} {
		w := newWorld(t, websession.Options{})
		b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
			out.Header().Set("Vary", vary)
			w.Exists(r.Context(), "note")
		}})
		expect(t, "Vary", strings.Join(b.get("/").Header.Values("Vary"), "|"), vary)
	}
}

func TestOptionsThatBrowsersRejectAreNamed(t *testing.T) {
	for _, test := range []struct {
		options websession.Options
		named   string
	}{
		{websession.Options{Cookie: websession.Cookie{Name: "a b"}}, "Name"},
		{websession.Options{Cookie: websession.Cookie{Name: strings.Repeat("a", 1025)}}, "Cookie.Name"},
		{websession.Options{Cookie: websession.Cookie{Name: "__Host-own"}}, "Cookie.Secure"},
		{websession.Options{Cookie: websession.Cookie{Name: "__host-own", Secure: websession.SecureAlways, Path: "/a"}}, "Cookie.Path"},
		{websession.Options{Cookie: websession.Cookie{Name: "__Host-own", Secure: websession.SecureAlways, Domain: "example.com"}}, "Cookie.Domain"},
		{websession.Options{Cookie: websession.Cookie{Name: "__Http-own", Secure: websession.SecureAlways, ReadableByScripts: true}}, "Cookie.ReadableByScripts"},
		{websession.Options{Cookie: websession.Cookie{Path: "a"}}, "Cookie.Path"},
		{websession.Options{Cookie: websession.Cookie{Path: "/a "}}, "Cookie.Path"},
		{websession.Options{Cookie: websession.Cookie{Path: "/;"}}, "Path"},
		{websession.Options{Cookie: websession.Cookie{Domain: "a;b"}}, "Domain"},
		{websession.Options{Cookie: websession.Cookie{Secure: 3}}, "Cookie.Secure"},
		{websession.Options{Cookie: websession.Cookie{SameSite: http.SameSiteDefaultMode}}, "Cookie.SameSite"},
		{websession.Options{Cookie: websession.Cookie{SameSite: http.SameSiteNoneMode, Secure: websession.SecureNever}}, "Cookie.Secure"},
		{websession.Options{Cookie: websession.Cookie{Partitioned: true, Secure: websession.SecureNever}}, "Cookie.Secure"},
		{websession.Options{Cookie: websession.Cookie{MaxAge: -time.Second}}, "Cookie.MaxAge"},
		{websession.Options{Cookie: websession.Cookie{MaxAge: time.Millisecond}}, "Cookie.MaxAge"},
		{websession.Options{Cookie: websession.Cookie{Rolling: true}}, "Cookie.MaxAge"},
		{websession.Options{Cookie: websession.Cookie{Priority: "high"}}, "Cookie.Priority"},
		{websession.Options{Remember: func(*sidecar.Session) bool { return true }}, "Cookie.MaxAge"},
		{websession.Options{TrustedOrigins: []string{"https://shop.example.com/"}}, "TrustedOrigins"},
		{websession.Options{TrustedOrigins: []string{"shop.example.com"}}, "TrustedOrigins"},
		{websession.Options{TrustedOrigins: []string{"https://SHOP.example.com"}}, "TrustedOrigins"},
	} {
		if _, err := websession.New(nil, test.options); err == nil || !strings.Contains(err.Error(), test.named) {
			t.Errorf("%+v gave %v", test.options, err)
		}
	}
}

// fmt reads the fields of what has no text, while requests write them.
func TestTheTextOfAManagerIsItsCookie(t *testing.T) {
	manager, err := websession.New(nil, websession.Options{Cookie: websession.Cookie{Name: "own"}})
	check(t, err)
	expect(t, "the text", fmt.Sprint(manager), "Manager(own)")
}
