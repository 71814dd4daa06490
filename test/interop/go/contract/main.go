// Command contract is the application that test/interop/http expects of each language, on net/http.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

func main() {
	milliseconds, err := strconv.Atoi(os.Getenv("TIMEOUT_MS"))
	check(err)
	client, err := sidecar.Dial(os.Getenv("SIDECAR_ADDRESS"), sidecar.WithTimeout(time.Duration(milliseconds)*time.Millisecond))
	check(err)
	sessions, err := websession.New(client, websession.Options{TrustProxy: true})
	check(err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Printf("http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, sessions.LoadAndSave(routes(sessions))))
}

func routes(sessions *websession.Manager) http.Handler {
	mux := http.NewServeMux()
	// handle registers a page that may fail.
	handle := func(path string, page func(http.ResponseWriter, *http.Request) error) {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			if err := page(w, r); err != nil {
				sessions.ServeError(w, r, err)
			}
		})
	}
	// writing registers a page that writes before it answers.
	writing := func(path string, page http.HandlerFunc) {
		handle(path, func(w http.ResponseWriter, r *http.Request) error {
			sessions.Put(r.Context(), r.FormValue("key"), r.FormValue("value"))
			page(w, r)
			return nil
		})
	}

	mux.HandleFunc("GET /plain", text("plain"))
	handle("/get", func(w http.ResponseWriter, r *http.Request) error {
		value, err := websession.Get[any](r.Context(), sessions, r.FormValue("key"))
		return show(w, value, err)
	})
	writing("/set", text("set"))
	handle("/add", func(w http.ResponseWriter, r *http.Request) error {
		session, err := sessions.Load(r.Context())
		if err != nil {
			return err
		}
		add := func(list []string) []string { return append(list, r.FormValue("value")) }
		list, err := sidecar.Transform(r.Context(), session, r.FormValue("key"), add)
		return show(w, list, err)
	})
	writing("/public", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
		fmt.Fprint(w, "public")
	})
	writing("/cached", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.WriteHeader(http.StatusNotModified)
	})
	handle("/flash", func(w http.ResponseWriter, r *http.Request) error {
		sessions.Flash(r.Context(), r.FormValue("message"))
		http.Redirect(w, r, "/messages", http.StatusSeeOther)
		return nil
	})
	handle("/messages", func(w http.ResponseWriter, r *http.Request) error {
		messages, err := sessions.PopFlash(r.Context())
		return show(w, append([]string{}, messages...), err)
	})
	handle("/login", func(w http.ResponseWriter, r *http.Request) error {
		sessions.Put(r.Context(), "user", r.FormValue("user"))
		sessions.SetLabel(r.Context(), r.FormValue("label"))
		return show(w, "in", sessions.RenewToken(r.Context()))
	})
	handle("/logout", func(w http.ResponseWriter, r *http.Request) error {
		return show(w, "out", sessions.Destroy(r.Context()))
	})
	// Go has no exception that is a response.
	writing("/redirect", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/plain", http.StatusSeeOther) })
	writing("/missing", http.NotFound)
	writing("/fail", func(w http.ResponseWriter, r *http.Request) { sessions.ServeError(w, r, errors.New("made up")) })
	writing("/stream", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "first ")
		check(http.NewResponseController(w).Flush())
		gateOf(r).wait()
		fmt.Fprint(w, "second")
	})
	writing("/slow", func(w http.ResponseWriter, r *http.Request) {
		gateOf(r).wait()
		fmt.Fprint(w, "slow")
	})
	handle("/reached", func(w http.ResponseWriter, r *http.Request) error { return show(w, gateOf(r).isReached(), nil) })
	mux.HandleFunc("GET /open", func(w http.ResponseWriter, r *http.Request) {
		gateOf(r).open()
		fmt.Fprint(w, "open")
	})
	return mux
}

func text(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, content) }
}

func show(w http.ResponseWriter, value any, err error) error {
	if err != nil {
		return err
	}
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	_, err = w.Write(body)
	return err
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
