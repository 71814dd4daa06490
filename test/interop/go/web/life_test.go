package web

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

// notes are pages that read and write a key.
func (w *world) notes() pages {
	return pages{
		"GET /plain": func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, "plain") },
		"GET /get":   func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, w.GetString(r.Context(), "note")) },
		"GET /set": func(out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "note", r.FormValue("note"))
			fmt.Fprint(out, "set")
		},
	}
}

func TestASessionThatIsNotUsedCostsNothing(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, w.notes())
	b.get("/set?note=a")
	w.calls.take()
	answer := b.get("/plain")
	expect(t, "body", answer.body, "plain")
	expect(t, "Vary", answer.Header.Get("Vary"), "")
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "calls", len(w.calls.take()), 0)
}

func TestAVisitorWhoOnlyReadsGetsNoSession(t *testing.T) {
	w := newWorld(t, websession.Options{})
	answer := w.serve(t, w.notes()).get("/get")
	expect(t, "Vary", answer.Header.Get("Vary"), "Cookie")
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "calls", len(w.calls.take()), 0)
}

func TestWhatOneRequestWritesTheNextReads(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, w.notes())
	answer := b.get("/set?note=a")
	cookie := answer.cookie(t, "session_sidecar")
	if cookie == nil || cookie.Path != "/" || cookie.Domain != "" || !cookie.HttpOnly || cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.MaxAge != 0 {
		t.Fatalf("got %v", answer.Header)
	}
	expect(t, "Cache-Control", answer.Header.Get("Cache-Control"), "private")
	w.calls.take()
	answer = b.get("/get")
	expect(t, "body", answer.body, "a")
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "calls", fmt.Sprint(w.calls.take()), "map[GetSession:1]")
	answer = b.get("/set?note=b")
	expect(t, "cookies", len(answer.Cookies()), 0)
	expect(t, "calls", fmt.Sprint(w.calls.take()), "map[GetSession:1 UpdateSession:1]")
	expect(t, "body", b.get("/get").body, "b")
}

func TestTheAccessors(t *testing.T) {
	w := newWorld(t, websession.Options{})
	when := "2026-11-26T20:00:00Z"
	b := w.serve(t, pages{
		"GET /write": func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			for key, value := range map[string]any{"text": "a", "number": 7, "half": 0.5, "yes": true, "time": when, "list": []int{1}, "gone": 1} {
				w.Put(ctx, key, value)
			}
			w.Remove(ctx, "gone")
		},
		"GET /read": func(out http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			list, err := websession.Get[[]int](ctx, w.Manager, "list")
			none, absent := websession.Get[[]int](ctx, w.Manager, "absent")
			_, wrong := websession.Get[int](ctx, w.Manager, "text")
			fmt.Fprintln(out, w.GetString(ctx, "text"), w.GetInt(ctx, "number"), w.GetInt64(ctx, "number"), w.GetFloat(ctx, "half"),
				w.GetBool(ctx, "yes"), w.GetTime(ctx, "time").Format("15:04"), list, err, none, absent, sidecar.CodeOf(wrong))
			fmt.Fprintln(out, w.GetString(ctx, "number")+"!", w.GetInt(ctx, "half"), w.GetInt(ctx, "absent"), w.GetBool(ctx, "text"))
			fmt.Fprintln(out, w.Exists(ctx, "text"), w.Exists(ctx, "gone"), w.Keys(ctx))
		},
		"GET /pop": func(out http.ResponseWriter, r *http.Request) {
			fmt.Fprint(out, w.PopString(r.Context(), "text"), w.PopString(r.Context(), "text"), "!")
		},
		"GET /clear": func(_ http.ResponseWriter, r *http.Request) { w.Clear(r.Context()) },
		"GET /keys":  func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, w.Keys(r.Context())) },
	})
	b.get("/write")
	expect(t, "values", b.get("/read").body, "a 7 7 0.5 true 20:00 [1] <nil> [] <nil> VALUE_UNREADABLE\n! 0 0 false\ntrue false [half list number text time yes]\n")
	expect(t, "popped", b.get("/pop").body, "a!")
	expect(t, "keys", b.get("/keys").body, "[half list number time yes]")
	b.get("/clear")
	expect(t, "keys", b.get("/keys").body, "[]")
}

func TestMessagesAreShownOnce(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, pages{
		"GET /push": func(out http.ResponseWriter, r *http.Request) {
			w.Flash(r.Context(), "Saved")
			http.Redirect(out, r, "/pop", http.StatusSeeOther)
		},
		"GET /pop": func(out http.ResponseWriter, r *http.Request) {
			messages, err := w.PopFlash(r.Context())
			fmt.Fprint(out, messages, err)
		},
	})
	expect(t, "status", b.get("/push").StatusCode, http.StatusSeeOther)
	expect(t, "messages", b.get("/pop").body, "[Saved] <nil>")
	expect(t, "messages", b.get("/pop").body, "[] <nil>")
}

func TestParallelRequestsLoseNothing(t *testing.T) {
	const requests = 50
	w := newWorld(t, websession.Options{})
	b := w.serve(t, pages{
		"GET /start": func(_ http.ResponseWriter, r *http.Request) { w.Put(r.Context(), "list", []string{}) },
		"GET /add": func(_ http.ResponseWriter, r *http.Request) {
			session, err := w.Load(r.Context())
			if err == nil {
				_, err = sidecar.Transform(r.Context(), session, "list", func(list []string) []string { return append(list, r.FormValue("n")) })
			}
			if err != nil {
				panic(err)
			}
		},
		"GET /key": func(_ http.ResponseWriter, r *http.Request) {
			var readers sync.WaitGroup
			for range 4 {
				readers.Add(1)
				go func() {
					defer readers.Done()
					w.Exists(r.Context(), "list")
				}()
			}
			w.Put(r.Context(), "key"+r.FormValue("n"), true)
			readers.Wait()
		},
	})
	b.get("/start")
	var group sync.WaitGroup
	for n := range requests {
		each := b.another()
		maps.Copy(each.cookies, b.cookies)
		group.Add(1)
		go func() {
			defer group.Done()
			page := []string{"/add", "/key"}[n%2]
			answer, err := each.try(each.request(http.MethodGet, fmt.Sprint(page, "?n=", n), nil, nil))
			if err != nil || answer.StatusCode != http.StatusOK || len(answer.Cookies()) > 0 {
				t.Errorf("got %v, %v", answer, err)
			}
		}()
	}
	group.Wait()
	session := w.stored(t, b.token())
	list, _, err := sidecar.Get[[]string](session, "list")
	check(t, err)
	slices.Sort(list)
	expect(t, "length of the list", len(slices.Compact(list)), requests/2)
	expect(t, "number of keys", session.Len(), 1+requests/2)
}

func TestNestedMiddlewareIsOne(t *testing.T) {
	w := newWorld(t, websession.Options{})
	inner := w.LoadAndSave(muxOf(w.notes()))
	between := http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "between", true)
		inner.ServeHTTP(out, r)
	})
	b := serve(t, w.LoadAndSave(between))
	if cookie := b.get("/set?note=a").cookie(t, "session_sidecar"); cookie == nil {
		t.Error("there is no cookie")
	}
	expect(t, "keys", fmt.Sprint(w.stored(t, b.token()).Keys()), "[between note]")
}

func TestWithoutTheMiddlewareTheMistakeIsNamed(t *testing.T) {
	w := newWorld(t, websession.Options{})
	_, err := w.Load(t.Context())
	if err == nil || !strings.Contains(err.Error(), "LoadAndSave") {
		t.Errorf("got %v", err)
	}
	defer func() {
		if message, _ := recover().(string); !strings.Contains(message, "LoadAndSave") {
			t.Errorf("got %q", message)
		}
	}()
	w.Put(t.Context(), "a", 1)
}

func TestAVisitorWhoGoesAwayLosesNothing(t *testing.T) {
	w := newWorld(t, websession.Options{})
	reached, saved := make(chan struct{}), make(chan struct{})
	routes := w.notes()
	routes["GET /slow"] = func(out http.ResponseWriter, r *http.Request) {
		w.Exists(r.Context(), "note")
		close(reached)
		<-r.Context().Done()
		w.Put(r.Context(), "note", "late")
		fmt.Fprint(out, "never read")
		close(saved)
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	request := b.request(http.MethodGet, "/slow", nil, nil)
	conn := dialTo(t, b)
	check(t, request.Write(conn))
	<-reached
	check(t, conn.Close())
	<-saved
	note, _, err := sidecar.Get[string](w.stored(t, b.token()), "note")
	check(t, err)
	expect(t, "note", note, "late")
}
