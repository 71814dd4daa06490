package web

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

// tooLarge is more than a session may hold.
var tooLarge = strings.Repeat("x", 300_000)

func TestAFailedSaveReplacesTheResponse(t *testing.T) {
	w := newWorld(t, websession.Options{})
	var written error
	inner := w.LoadAndSave(muxOf(pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("X-Page", "1")
		http.SetCookie(out, &http.Cookie{Name: "theme", Value: "dark"})
		w.Put(r.Context(), "note", tooLarge)
		_, written = io.WriteString(out, "secret page")
		out.WriteHeader(http.StatusOK)
		_, again := out.Write([]byte("more"))
		flushed := http.NewResponseController(out).Flush()
		_, copied := io.Copy(out, onlyReader{strings.NewReader("more")})
		for _, err := range []error{again, flushed, copied} {
			if !errors.Is(err, sidecar.ErrSessionTooLarge) {
				t.Errorf("got %v", err)
			}
		}
		out.Header().Set("X-Late", "1")
	}}))
	b := serve(t, http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("X-Outer", "1")
		inner.ServeHTTP(out, r)
	}))
	answer := b.get("/")
	expect(t, "status", answer.StatusCode, http.StatusRequestEntityTooLarge)
	expect(t, "body", answer.body, "Request Entity Too Large\n")
	expect(t, "headers", fmt.Sprint(answer.Header.Values("X-Outer"), answer.Header.Values("X-Page"), answer.Header.Values("X-Late")), "[1] [] []")
	expect(t, "cookies", len(answer.Cookies()), 0)
	if !errors.Is(written, sidecar.ErrSessionTooLarge) {
		t.Errorf("got %v", written)
	}
}

func TestAFailedSaveReplacesAnEmptyResponse(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, pages{"GET /": func(_ http.ResponseWriter, r *http.Request) { w.Put(r.Context(), "note", tooLarge) }})
	expect(t, "status", b.get("/").StatusCode, http.StatusRequestEntityTooLarge)
}

func TestAResponseThatReportsAFailureIsSentNevertheless(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "note", tooLarge)
		http.NotFound(out, r)
	}})
	for range 3 {
		answer := b.get("/")
		expect(t, "status", answer.StatusCode, http.StatusNotFound)
		expect(t, "body", answer.body, "404 page not found\n")
	}
	expect(t, "warnings", strings.Count(w.log.String(), "SESSION_TOO_LARGE"), 1)
}

func TestWhatAFailedPageWritesIsSaved(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	routes["GET /fail"] = func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "note", "b")
		http.Error(out, "no", http.StatusInternalServerError)
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	expect(t, "status", b.get("/fail").StatusCode, http.StatusInternalServerError)
	expect(t, "note", b.get("/get").body, "b")
}

func TestAValueThatJSONCannotHoldFailsTheResponse(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "good", 1)
		w.Put(r.Context(), "bad", func() {})
		fmt.Fprint(out, "page")
	}})
	answer := b.get("/")
	expect(t, "status", answer.StatusCode, http.StatusInternalServerError)
	expect(t, "cookies", len(answer.Cookies()), 0)
}

func TestALogoutDuringASlowRequestIsFinal(t *testing.T) {
	w := newWorld(t, websession.Options{})
	reached, goOn := make(chan struct{}), make(chan struct{})
	routes := w.notes()
	maps.Copy(routes, w.account())
	routes["GET /slow"] = func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "note", "late")
		close(reached)
		<-goOn
		fmt.Fprint(out, "page")
	}
	b := w.serve(t, routes)
	b.get("/login")
	slow := b.another()
	maps.Copy(slow.cookies, b.cookies)
	done := make(chan *answer)
	go func() { done <- slow.get("/slow") }()
	<-reached
	b.get("/logout")
	close(goOn)
	answer := <-done
	expect(t, "status", answer.StatusCode, http.StatusConflict)
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "origin", w.stored(t, slow.token()).Origin(), sidecar.OriginNotFound)
}

func TestANewTokenReachesTheVisitorEvenIfALaterSaveFails(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.account()
	routes["GET /fail"] = func(out http.ResponseWriter, r *http.Request) {
		fmt.Fprint(io.Discard, w.RenewToken(r.Context()))
		w.Put(r.Context(), "note", tooLarge)
		fmt.Fprint(out, "page")
	}
	b := w.serve(t, routes)
	b.get("/login")
	expect(t, "status", b.get("/fail").StatusCode, http.StatusRequestEntityTooLarge)
	expect(t, "user", b.get("/user").body, "Ada")
}

func TestTheErrorHandlerAnswersAndMayReadTheSession(t *testing.T) {
	var w *world
	w = newWorld(t, websession.Options{ErrorHandler: func(out http.ResponseWriter, r *http.Request, err error) {
		w.Put(r.Context(), "note", "not saved")
		out.WriteHeader(websession.HTTPStatus(err))
		fmt.Fprint(out, "sorry, ", w.GetString(r.Context(), "user"))
	}})
	routes := w.account()
	routes["GET /fail"] = func(out http.ResponseWriter, r *http.Request) { w.Put(r.Context(), "large", tooLarge) }
	routes["GET /silent"] = routes["GET /fail"]
	b := w.serve(t, routes)
	b.get("/login")
	answer := b.get("/fail")
	expect(t, "status", answer.StatusCode, http.StatusRequestEntityTooLarge)
	expect(t, "body", answer.body, "sorry, Ada")
	expect(t, "keys", fmt.Sprint(w.stored(t, b.token()).Keys()), "[user]")
}

func TestAnErrorHandlerThatSaysNothingIsStatus500(t *testing.T) {
	w := newWorld(t, websession.Options{ErrorHandler: func(http.ResponseWriter, *http.Request, error) {}})
	b := w.serve(t, pages{"GET /": func(_ http.ResponseWriter, r *http.Request) { w.Put(r.Context(), "note", tooLarge) }})
	expect(t, "status", b.get("/").StatusCode, http.StatusInternalServerError)
}

func TestNoCookieOnErrorLeavesNothingStored(t *testing.T) {
	w := newWorld(t, websession.Options{NoCookieOnError: true})
	var token string
	fail := func(store bool) http.HandlerFunc {
		return func(out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "note", "b")
			if store {
				_, err := w.CSRFToken(r.Context())
				check(t, err)
				session, err := w.Load(r.Context())
				check(t, err)
				token = session.Token()
			}
			http.Error(out, "no", http.StatusInternalServerError)
		}
	}
	routes := w.notes()
	routes["GET /fail"], routes["GET /stored"] = fail(false), fail(true)
	b := w.serve(t, routes)
	for _, path := range []string{"/fail", "/stored"} {
		expect(t, "cookies", len(b.get(path).Cookies()), 0)
	}
	expect(t, "origin", w.stored(t, token).Origin(), sidecar.OriginNotFound)
	b.get("/set?note=a")
	b.get("/fail")
	expect(t, "note of a visitor who has a session", b.get("/get").body, "b")
}

func TestADamagedRecordFailsAndCanBeEnded(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	maps.Copy(routes, w.account())
	b := w.serve(t, routes)
	b.get("/set?note=a")
	handle := w.stored(t, b.token()).Handle()
	expect(t, "Redis", redis(t, "SET session:"+handle+" garbage"), "+OK\r\n")
	expect(t, "status", b.get("/get").StatusCode, http.StatusInternalServerError)
	expect(t, "status", b.get("/plain").StatusCode, http.StatusOK)
	answer := b.get("/logout")
	expect(t, "status", answer.StatusCode, http.StatusOK)
	if cookie := answer.cookie(t, "session_sidecar"); cookie == nil || cookie.MaxAge >= 0 {
		t.Errorf("got %v", cookie)
	}
	expect(t, "status", b.get("/set?note=b").StatusCode, http.StatusOK)
	expect(t, "note", b.get("/get").body, "b")
}
