package web

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

func (w *world) account() pages {
	return pages{
		"GET /login": func(out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "user", "Ada")
			fmt.Fprint(out, w.RenewToken(r.Context()))
		},
		"GET /user":   func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, w.GetString(r.Context(), "user")) },
		"GET /logout": func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, w.Destroy(r.Context())) },
		"GET /leave": func(out http.ResponseWriter, r *http.Request) {
			fmt.Fprint(out, w.Destroy(r.Context()))
			w.Put(r.Context(), "note", "bye")
		},
		"GET /farewell": func(out http.ResponseWriter, r *http.Request) {
			err := w.Destroy(r.Context())
			w.Flash(r.Context(), "Bye")
			fmt.Fprint(out, err)
		},
	}
}

func TestALoginReplacesTheTokenAndALogoutDeletesTheCookie(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	maps.Copy(routes, w.account())
	b := w.serve(t, routes)
	b.get("/set?note=a")
	thief := b.another()
	maps.Copy(thief.cookies, b.cookies)
	b.get("/login")
	if b.token() == thief.token() {
		t.Error("the token is the same")
	}
	expect(t, "user", b.get("/user").body, "Ada")
	expect(t, "data", b.get("/get").body, "a")
	expect(t, "user of the thief", thief.get("/user").body, "")
	maps.Copy(thief.cookies, b.cookies)
	cookie := b.get("/logout").cookie(t, "session_sidecar")
	if cookie == nil || cookie.MaxAge >= 0 || cookie.Path != "/" {
		t.Errorf("got %v", cookie)
	}
	expect(t, "user of the thief", thief.get("/user").body, "")
	expect(t, "cookie that was dead before", thief.get("/user").cookie(t, "session_sidecar"), nil)
}

func TestOfTwoLoginsAtOnceBothSignTheVisitorIn(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	maps.Copy(routes, w.account())
	isLoaded, goOn := make(chan bool), make(chan bool)
	routes["GET /slow-login"] = func(out http.ResponseWriter, r *http.Request) {
		note := w.GetString(r.Context(), "note")
		isLoaded <- true
		<-goOn
		w.Put(r.Context(), "user", "Ada")
		fmt.Fprint(out, note, w.RenewTokenOrCreate(r.Context()))
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	first, second := b.another(), b.another()
	maps.Copy(first.cookies, b.cookies)
	maps.Copy(second.cookies, b.cookies)
	answered := make(chan bool)
	go func() {
		defer close(answered)
		expect(t, "answer", second.get("/slow-login").body, "a<nil>")
	}()
	<-isLoaded
	expect(t, "answer", first.get("/login").body, "<nil>")
	close(goOn)
	<-answered
	for _, each := range []*browser{first, second} {
		expect(t, "user", each.get("/user").body, "Ada")
	}
	expect(t, "data", first.get("/get").body, "a")
	expect(t, "data of the old session", second.get("/get").body, "")
}

func TestWhatIsWrittenAfterTheLogoutStartsANewSession(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, w.account())
	b.get("/login")
	old := b.token()
	answer := b.get("/farewell")
	if cookie := answer.cookie(t, "session_sidecar"); cookie == nil || cookie.MaxAge < 0 || cookie.Value == old {
		t.Errorf("got %v", cookie)
	}
	expect(t, "user", b.get("/user").body, "")
}
