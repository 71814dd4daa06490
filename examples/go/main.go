// Command go is a shop with login, cart and flash messages, on net/http.
package main

import (
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
)

var products = map[string]string{"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}

func main() {
	sessions, err := sidecar.Dial(setting("SIDECAR_ADDRESS", "127.0.0.1:50051"))
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+setting("PORT", "3000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("The shop is open: http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, routes(sessions)))
}

func routes(sessions *sidecar.Client) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, page page) { mux.HandleFunc(pattern, withSession(sessions, page)) }
	handle("GET /{$}", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) (err error) {
		var visit visit
		if err = errors.Join(read(session, &visit), session.PopFlash(r.Context(), "", &visit.Messages)); err == nil && !session.IsNew() {
			visit.Token, err = session.CSRFToken(r.Context())
		}
		return show(w, err, "shop", visit)
	})
	handle("GET /products/{id}", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) error {
		token, err := session.CSRFToken(r.Context())
		return show(w, err, "product", form{r.PathValue("id"), token})
	})
	handle("POST /cart", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) error {
		product := products[r.FormValue("product")]
		if product == "" {
			http.Error(w, "There is no such product.", http.StatusBadRequest)
			return nil
		}
		// Get and Set would lose one of two simultaneous clicks.
		add := func(cart []string) []string { return append(cart, product) }
		if _, err := sidecar.Transform(r.Context(), session, "cart", add); err != nil {
			return err
		}
		return redirect(w, session.PushFlash("", product+" is in your cart."))
	})
	handle("GET /login", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) error {
		token, err := session.CSRFToken(r.Context())
		return show(w, err, "login", form{Token: token})
	})
	handle("POST /login", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) error {
		user := r.FormValue("name")
		if user == "" {
			http.Error(w, "Please enter your name.", http.StatusBadRequest)
			return nil
		}
		session.SetSubject(user)
		err := errors.Join(session.Set("user", user), session.PushFlash("", "Welcome, "+user+"!"))
		// An attacker may know the token from before the login, so it must not remain valid (session fixation).
		return redirect(w, errors.Join(err, session.Regenerate(r.Context())))
	})
	handle("POST /logout", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) error {
		err := session.Invalidate(r.Context())
		return redirect(w, errors.Join(err, session.PushFlash("", "You are signed out.")))
	})
	return mux
}

// page handles a request. If it fails, its response is discarded.
type page func(http.ResponseWriter, *http.Request, *sidecar.Session) error

// withSession opens the session of a request and checks the CSRF token of forms. Before it sends the response, it saves the session and
// sets the cookie.
func withSession(sessions *sidecar.Client, page page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var token string
		if cookie, err := r.Cookie("session"); err == nil {
			token = cookie.Value
		}
		session, err := sessions.Open(r.Context(), token)
		if err != nil {
			fail(w, err)
			return
		}
		wasFound := !session.IsNew()
		if r.Method == http.MethodPost && !session.CheckCSRFToken(r.FormValue("csrf_token")) {
			http.Error(w, "This form is out of date. Please go back, reload the page and try again.", http.StatusForbidden)
			return
		}
		held := &heldResponse{ResponseWriter: w}
		if err = page(held, r, session); err == nil {
			err = session.Save(r.Context())
		}
		if err != nil {
			fail(w, err)
			return
		}
		cookie := &http.Cookie{Name: "session", Value: session.Token(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil}
		switch {
		case session.Token() != "" && session.Token() != token:
			http.SetCookie(w, cookie)
		case session.Token() == "" && wasFound:
			cookie.MaxAge = -1
			http.SetCookie(w, cookie)
		}
		held.send()
	}
}

// heldResponse holds a response until the session is saved.
type heldResponse struct {
	http.ResponseWriter
	status int
	body   []byte
}

func (h *heldResponse) WriteHeader(status int) { h.status = status }

func (h *heldResponse) Write(body []byte) (int, error) {
	h.body = append(h.body, body...)
	return len(body), nil
}

func (h *heldResponse) send() {
	if h.status != 0 {
		h.ResponseWriter.WriteHeader(h.status)
	}
	h.ResponseWriter.Write(h.body)
}

func read(session *sidecar.Session, visit *visit) error {
	_, errUser := session.Get("user", &visit.User)
	_, errCart := session.Get("cart", &visit.Cart)
	return errors.Join(errUser, errCart)
}

func redirect(w http.ResponseWriter, err error) error {
	if err == nil {
		w.Header().Set("Location", "/")
		w.WriteHeader(http.StatusSeeOther)
	}
	return err
}

func fail(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	if failure := (*sidecar.Error)(nil); errors.As(err, &failure) {
		status = failure.HTTPStatus()
	}
	if status == http.StatusConflict {
		http.Error(w, "Your session has ended, for example because you signed out in another window.", status)
		return
	}
	log.Print(err)
	http.Error(w, "Something went wrong. Please try again later.", status)
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
