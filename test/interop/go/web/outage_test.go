package web

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

// expectUnavailable checks that the visitor keeps the cookie and learns when to come back.
func expectUnavailable(t *testing.T, answer *answer) {
	t.Helper()
	expect(t, "status", answer.StatusCode, http.StatusServiceUnavailable)
	expect(t, "Retry-After", answer.Header.Get("Retry-After"), "1")
	expect(t, "Vary", answer.Header.Get("Vary"), "Cookie")
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "body", answer.body, "Service Unavailable\n")
}

func TestWithoutASidecarWhatNeedsASessionIsUnavailable(t *testing.T) {
	t.Parallel()
	w := newWorld(t, websession.Options{})
	fails := func(name string, act func(r *http.Request) error) (string, http.HandlerFunc) {
		return "GET /" + name, func(out http.ResponseWriter, r *http.Request) {
			err := act(r)
			if !errors.Is(err, sidecar.ErrUnavailable) {
				t.Errorf("%s gave %v", name, err)
			}
			w.ServeError(out, r, err)
		}
	}
	routes := w.notes()
	add := func(name string, act func(r *http.Request) error) {
		pattern, page := fails(name, act)
		routes[pattern] = page
	}
	add("load", func(r *http.Request) error { _, err := w.Load(r.Context()); return err })
	add("typed", func(r *http.Request) error { _, err := websession.Get[int](r.Context(), w.Manager, "a"); return err })
	add("messages", func(r *http.Request) error { _, err := w.PopFlash(r.Context()); return err })
	add("token", func(r *http.Request) error { _, err := w.CSRFToken(r.Context()); return err })
	add("login", func(r *http.Request) error { return w.RenewToken(r.Context()) })
	add("logout", func(r *http.Request) error { return w.Destroy(r.Context()) })
	routes["GET /missing"] = func(out http.ResponseWriter, r *http.Request) {
		w.GetString(r.Context(), "note")
		http.NotFound(out, r)
	}
	routes["POST /form"] = func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, "accepted") }
	b := serve(t, w.LoadAndSave(w.Protect(muxOf(routes))))
	b.get("/set?note=a")
	token := b.token()
	w.line.cut()

	for _, path := range []string{"/get", "/set?note=b", "/load", "/typed", "/messages", "/token", "/login", "/logout"} {
		expectUnavailable(t, b.get(path))
	}
	expectUnavailable(t, b.post("/form", nil, url.Values{"csrf_token": {"any"}}))
	expect(t, "status of an error page that reads", b.get("/missing").StatusCode, http.StatusNotFound)
	expect(t, "page that does not use the session", b.get("/plain").body, "plain")
	expect(t, "the visitor's token", b.token(), token)

	stranger := b.another()
	answer := stranger.get("/get")
	expect(t, "status of a visitor without a session", answer.StatusCode, http.StatusOK)
	answer = stranger.get("/set?note=b")
	expect(t, "status", answer.StatusCode, http.StatusServiceUnavailable)
	expect(t, "cookies", len(answer.Cookies()), 0)
}

// During a request, the sidecar can go away between any two steps.
func TestASidecarThatGoesAwayDuringARequest(t *testing.T) {
	for name, page := range map[string]func(*world, http.ResponseWriter, *http.Request){
		"before the save": func(w *world, out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "note", "b")
			w.line.cut()
			fmt.Fprint(out, "page")
		},
		"before the login": func(w *world, out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "note", "b")
			w.line.cut()
			if err := w.RenewToken(r.Context()); err != nil {
				w.ServeError(out, r, err)
			}
		},
		"before the logout": func(w *world, out http.ResponseWriter, r *http.Request) {
			w.Exists(r.Context(), "note")
			w.line.cut()
			if err := w.Destroy(r.Context()); err != nil {
				w.ServeError(out, r, err)
			}
		},
		"before a handler that ignores errors": func(w *world, out http.ResponseWriter, r *http.Request) {
			w.line.cut()
			w.Put(r.Context(), "note", "b")
			fmt.Fprint(out, "page")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, websession.Options{})
			routes := w.notes()
			routes["GET /page"] = func(out http.ResponseWriter, r *http.Request) { page(w, out, r) }
			b := w.serve(t, routes)
			b.get("/set?note=a")
			expectUnavailable(t, b.get("/page"))
		})
	}
}

func TestASidecarThatGoesAwayDuringAStreamCutsItOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	routes["GET /stream"] = func(out http.ResponseWriter, r *http.Request) {
		w.Exists(r.Context(), "note")
		fmt.Fprint(out, "first")
		check(t, http.NewResponseController(out).Flush())
		w.Put(r.Context(), "note", "b")
		w.line.cut()
	}
	routes["GET /read"] = func(out http.ResponseWriter, r *http.Request) {
		fmt.Fprint(out, "first")
		check(t, http.NewResponseController(out).Flush())
		fmt.Fprint(out, "second", w.GetString(r.Context(), "note"))
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	if answer := b.get("/stream"); !errors.Is(answer.err, io.ErrUnexpectedEOF) {
		t.Errorf("the page is complete: %v", answer.err)
	}
	if answer := b.get("/read"); !errors.Is(answer.err, io.ErrUnexpectedEOF) {
		t.Errorf("a page that could not read the session is complete: %q, %v", answer.body, answer.err)
	}
}

func TestASidecarThatGoesAwayBeforeARenewalLeavesTheCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, websession.Options{Cookie: websession.Cookie{MaxAge: month, Rolling: true}})
	routes := w.notes()
	routes["GET /page"] = func(out http.ResponseWriter, r *http.Request) {
		w.Exists(r.Context(), "note")
		w.line.cut()
		fmt.Fprint(out, "page")
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	answer := b.get("/page")
	expect(t, "body", answer.body, "page")
	expect(t, "cookies", len(answer.Cookies()), 0)
}

func TestReadOnlyPagesAreServedWithoutASidecar(t *testing.T) {
	t.Parallel()
	w := newWorld(t, websession.Options{ReadOnlyWhenUnavailable: true})
	routes := w.notes()
	maps.Copy(routes, w.account())
	routes["GET /load"] = func(out http.ResponseWriter, r *http.Request) {
		session, err := w.Load(r.Context())
		check(t, err)
		fmt.Fprint(out, session.Len(), sidecar.CodeOf(session.Set("note", "b")))
	}
	routes["POST /form"] = func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, "accepted") }
	b := serve(t, w.LoadAndSave(w.Protect(muxOf(routes))))
	b.get("/set?note=a")
	w.line.cut()
	answer := b.get("/get")
	expect(t, "status", answer.StatusCode, http.StatusOK)
	expect(t, "note", answer.body, "")
	expect(t, "Vary", answer.Header.Get("Vary"), "Cookie")
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "loaded", b.get("/load").body, "0UNAVAILABLE")
	expectUnavailable(t, b.get("/set?note=b"))
	expectUnavailable(t, b.post("/form", nil, url.Values{"csrf_token": {"any"}}))
}
