package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

func dialTo(t *testing.T, b *browser) net.Conn {
	t.Helper()
	address, err := url.Parse(b.url)
	check(t, err)
	conn, err := net.Dial("tcp", address.Host)
	check(t, err)
	return conn
}

func TestAStreamIsSavedBeforeItsFirstByteAndNotHeld(t *testing.T) {
	w := newWorld(t, websession.Options{})
	goOn := make(chan struct{})
	b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "note", "a")
		fmt.Fprint(out, "first ")
		check(t, http.NewResponseController(out).Flush())
		<-goOn
		w.Put(r.Context(), "note", "b")
		out.(http.Flusher).Flush()
		fmt.Fprint(out, "second")
	}})
	response, err := b.client.Get(b.url)
	check(t, err)
	defer response.Body.Close()
	first := make([]byte, 6)
	_, err = io.ReadFull(response.Body, first)
	check(t, err)
	note := func() string {
		value, _, err := sidecar.Get[string](w.stored(t, response.Cookies()[0].Value), "note")
		check(t, err)
		return value
	}
	expect(t, "note while it streams", note(), "a")
	close(goOn)
	rest, err := io.ReadAll(response.Body)
	check(t, err)
	expect(t, "body", string(first)+string(rest), "first second")
	expect(t, "note after the stream", note(), "b")
}

func TestTheHeadersWaitForTheSave(t *testing.T) {
	w := newWorld(t, websession.Options{})
	for name, write := range map[string]func(http.ResponseWriter) error{
		"WriteHeader": func(out http.ResponseWriter) error { out.WriteHeader(http.StatusAccepted); return nil },
		"Write":       func(out http.ResponseWriter) error { _, err := out.Write([]byte("x")); return err },
		"WriteString": func(out http.ResponseWriter) error { _, err := io.WriteString(out, "x"); return err },
		"ReadFrom": func(out http.ResponseWriter) error {
			_, err := io.Copy(out, onlyReader{strings.NewReader("x")})
			return err
		},
		"Flush":   func(out http.ResponseWriter) error { return http.NewResponseController(out).Flush() },
		"Flusher": func(out http.ResponseWriter) error { out.(http.Flusher).Flush(); return nil },
		"nothing": func(http.ResponseWriter) error { return nil },
	} {
		var savedBefore bool
		b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
			session, err := w.Load(r.Context())
			check(t, err)
			check(t, session.Set("note", "a"))
			check(t, write(out))
			savedBefore = session.Token() != "" || name == "nothing"
		}})
		answer := b.get("/")
		if !savedBefore || answer.cookie(t, "session_sidecar") == nil {
			t.Errorf("%s sent the headers before the save, with %v", name, answer.Header)
		}
	}
}

type onlyReader struct{ io.Reader }

func TestTheServersCapabilitiesAreKept(t *testing.T) {
	w := newWorld(t, websession.Options{})
	file := filepath.Join(t.TempDir(), "file")
	check(t, os.WriteFile(file, []byte(strings.Repeat("content ", 10_000)), 0o600))
	routes := pages{
		"GET /": func(out http.ResponseWriter, r *http.Request) {
			_, flushes := out.(http.Flusher)
			_, hijacks := out.(http.Hijacker)
			_, pushes := out.(http.Pusher)
			_, reads := out.(io.ReaderFrom)
			control := http.NewResponseController(out)
			fmt.Fprint(out, flushes, hijacks, pushes, reads, control.SetWriteDeadline(time.Time{}), control.SetReadDeadline(time.Time{}))
		},
		"GET /duplex": func(out http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(out, http.NewResponseController(out).EnableFullDuplex())
		},
		"GET /file": func(out http.ResponseWriter, r *http.Request) {
			w.Put(r.Context(), "note", "a")
			http.ServeFile(out, r, file)
		},
	}
	for name, want := range map[string]string{"HTTP/1.1": "true true false true <nil> <nil>", "HTTP/2.0": "true false true true <nil> <nil>"} {
		b := w.serve(t, routes)
		if name == "HTTP/2.0" {
			b = serveTLS(t, w.LoadAndSave(muxOf(routes)))
		}
		answer := b.get("/")
		expect(t, "protocol", answer.Proto, name)
		expect(t, "capabilities of "+name, answer.body, want)
		served := b.get("/file")
		expect(t, "length of the file", len(served.body), 80_000)
		expect(t, "Content-Length", served.ContentLength, 80_000)
		expect(t, "cookies", len(served.Cookies()), 1)
	}
	expect(t, "full duplex", w.serve(t, routes).get("/duplex").body, "<nil>")
}

func TestHEADAnd304AreSaved(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	routes["GET /cached"] = func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "note", "b")
		out.Header().Set("ETag", `"1"`)
		http.ServeContent(out, r, "page.txt", time.Time{}, strings.NewReader("page"))
	}
	b := w.serve(t, routes)
	answer := b.send(b.request(http.MethodHead, "/set?note=a", nil, nil))
	expect(t, "body of HEAD", answer.body, "")
	expect(t, "Content-Length of HEAD", answer.ContentLength, 3)
	expect(t, "note", b.get("/get").body, "a")
	answer = b.with("/cached", http.Header{"If-None-Match": {`"1"`}})
	expect(t, "status", answer.StatusCode, http.StatusNotModified)
	expect(t, "note", b.get("/get").body, "b")
}

func TestInterimResponsesPass(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
		out.Header().Set("Link", "</style.css>; rel=preload")
		out.WriteHeader(http.StatusEarlyHints)
		w.Put(r.Context(), "note", "a")
		fmt.Fprint(out, "page")
	}})
	var hints []string
	trace := &httptrace.ClientTrace{Got1xxResponse: func(status int, header textproto.MIMEHeader) error {
		hints = append(hints, fmt.Sprint(status, header.Get("Link"), header.Get("Set-Cookie")))
		return nil
	}}
	request := b.request(http.MethodGet, "/", nil, nil)
	answer := b.send(request.WithContext(httptrace.WithClientTrace(context.Background(), trace)))
	expect(t, "hints", fmt.Sprint(hints), "[103</style.css>; rel=preload]")
	expect(t, "body", answer.body, "page")
	if answer.cookie(t, "session_sidecar") == nil {
		t.Error("there is no cookie")
	}
}

func TestAHandlerThatPanicsSavesNothing(t *testing.T) {
	w := newWorld(t, websession.Options{})
	var token string
	b := w.serve(t, pages{"GET /": func(_ http.ResponseWriter, r *http.Request) {
		_, err := w.CSRFToken(r.Context()) // stores the session
		check(t, err)
		session, err := w.Load(r.Context())
		check(t, err)
		token = session.Token()
		w.Put(r.Context(), "note", "a")
		panic(http.ErrAbortHandler)
	}})
	if answer, err := b.try(b.request(http.MethodGet, "/", nil, nil)); err == nil {
		t.Errorf("got %v", answer)
	}
	expect(t, "origin of a session whose token was never sent", w.stored(t, token).Origin(), sidecar.OriginNotFound)
}

func TestWhatIsWrittenTooLateCutsTheResponseOff(t *testing.T) {
	w := newWorld(t, websession.Options{})
	var session *sidecar.Session
	b := w.serve(t, pages{"GET /": func(out http.ResponseWriter, r *http.Request) {
		fmt.Fprint(out, "page")
		check(t, http.NewResponseController(out).Flush())
		var err error
		session, err = w.Load(r.Context())
		check(t, err)
		check(t, session.Set("note", "a"))
	}})
	answer, err := b.try(b.request(http.MethodGet, "/", nil, nil))
	check(t, err)
	if !errors.Is(answer.err, io.ErrUnexpectedEOF) {
		t.Errorf("the page is complete: %v", answer.err)
	}
	expect(t, "token", session.Token(), "")
	if !strings.Contains(w.log.String(), "too late for its cookie") {
		t.Errorf("logged %s", w.log)
	}
}

func TestHijackedConnectionsAreLeftAlone(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	for path, hijack := range map[string]func(http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error){
		"GET /hijacker": func(out http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			return out.(http.Hijacker).Hijack()
		},
		"GET /controller": func(out http.ResponseWriter) (net.Conn, *bufio.ReadWriter, error) {
			return http.NewResponseController(out).Hijack()
		},
	} {
		routes[path] = func(out http.ResponseWriter, r *http.Request) {
			session, err := w.Load(r.Context())
			check(t, err)
			conn, _, err := hijack(out)
			check(t, err)
			defer conn.Close()
			check(t, session.Set("note", "unsaved"))
			fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	}
	b := w.serve(t, routes)
	b.get("/set?note=a")
	for _, path := range []string{"/hijacker", "/controller"} {
		expect(t, "body", b.get(path).body, "ok")
		expect(t, "note", b.get("/get").body, "a")
	}
}

func TestATimeoutOutsideAnswers(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	isOver := make(chan struct{})
	routes["GET /slow"] = func(out http.ResponseWriter, r *http.Request) {
		w.Put(r.Context(), "note", "late")
		<-r.Context().Done()
		fmt.Fprint(out, "never read")
		close(isOver)
	}
	handler := w.LoadAndSave(muxOf(routes))
	b := serve(t, handler)
	b.get("/set?note=a")
	limited := serve(t, http.TimeoutHandler(handler, 50*time.Millisecond, "timeout"))
	limited.cookies = b.cookies
	answer := limited.get("/slow")
	expect(t, "status", answer.StatusCode, http.StatusServiceUnavailable)
	<-isOver
	expect(t, "note", b.get("/get").body, "late")
}
