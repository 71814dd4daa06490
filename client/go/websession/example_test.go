package websession_test

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

// TestMain leaves out the examples without a sidecar. test/interop/go-web.test.ts starts one.
func TestMain(m *testing.M) {
	if os.Getenv("SIDECAR_ADDRESS") == "" {
		check(flag.Set("test.skip", "^Example"))
	}
	os.Exit(m.Run())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func Example() {
	client, err := sidecar.Dial(os.Getenv("SIDECAR_ADDRESS")) // localhost:50051 or unix:/run/session-sidecar.sock
	check(err)
	defer client.Close()
	sessions, err := websession.New(client, websession.Options{})
	check(err)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "user", "Ada") // after checking the password
		if err := sessions.RenewTokenOrCreate(r.Context()); err != nil {
			sessions.ServeError(w, r, err)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "Hello, %s!", sessions.GetString(r.Context(), "user"))
	})
	server := httptest.NewServer(sessions.LoadAndSave(mux)) // http.ListenAndServe in a real application
	defer server.Close()

	jar, err := cookiejar.New(nil)
	check(err)
	browser := http.Client{Jar: jar}
	response, err := browser.Get(server.URL + "/login")
	check(err)
	defer response.Body.Close()
	page, err := io.ReadAll(response.Body)
	check(err)
	fmt.Println(string(page))
	// Output: Hello, Ada!
}
