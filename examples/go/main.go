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
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

var products = map[string]string{"tea": "Tea", "cups": "Two cups", "kettle": "Kettle"}

func main() {
	client, err := sidecar.Dial(setting("SIDECAR_ADDRESS", "127.0.0.1:50051"))
	if err != nil {
		log.Fatal(err)
	}
	sessions, err := websession.New(client, websession.Options{ErrorHandler: answerError})
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+setting("PORT", "3000"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("The shop is open: http://%s\n", listener.Addr())
	log.Fatal(http.Serve(listener, sessions.LoadAndSave(sessions.Protect(routes(sessions)))))
}

func routes(sessions *websession.Manager) http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, page page) { mux.HandleFunc(pattern, withSession(sessions, page)) }
	handle("GET /{$}", func(w http.ResponseWriter, r *http.Request, session *sidecar.Session) (err error) {
		var visit visit
		if err = errors.Join(read(session, &visit), session.PopFlash(r.Context(), "", &visit.Messages)); err == nil && !session.IsNew() {
			visit.Token, err = sessions.CSRFToken(r.Context())
		}
		return show(w, err, "shop", visit)
	})
	handle("GET /products/{id}", func(w http.ResponseWriter, r *http.Request, _ *sidecar.Session) error {
		token, err := sessions.CSRFToken(r.Context())
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
		return redirect(w, r, session.PushFlash("", product+" is in your cart."))
	})
	handle("GET /login", func(w http.ResponseWriter, r *http.Request, _ *sidecar.Session) error {
		token, err := sessions.CSRFToken(r.Context())
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
		return redirect(w, r, errors.Join(err, sessions.RenewTokenOrCreate(r.Context())))
	})
	mux.HandleFunc("POST /logout", func(w http.ResponseWriter, r *http.Request) {
		if err := sessions.Destroy(r.Context()); err != nil {
			sessions.ServeError(w, r, err)
			return
		}
		sessions.Flash(r.Context(), "You are signed out.")
		http.Redirect(w, r, "/", http.StatusSeeOther)
	})
	return mux
}

// page handles a request that needs the session.
type page func(http.ResponseWriter, *http.Request, *sidecar.Session) error

func withSession(sessions *websession.Manager, page page) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		session, err := sessions.Load(r.Context())
		if err == nil {
			err = page(w, r, session)
		}
		if err != nil {
			sessions.ServeError(w, r, err)
		}
	}
}

func read(session *sidecar.Session, visit *visit) error {
	_, errUser := session.Get("user", &visit.User)
	_, errCart := session.Get("cart", &visit.Cart)
	return errors.Join(errUser, errCart)
}

func redirect(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
	return err
}

func answerError(w http.ResponseWriter, _ *http.Request, err error) {
	text := "Something went wrong. Please try again later."
	status := websession.HTTPStatus(err)
	switch status {
	case http.StatusForbidden:
		text = "This form is out of date. Please go back, reload the page and try again."
	case http.StatusConflict:
		text = "Your session has ended, for example because you signed out in another window."
	default:
		log.Print(err)
	}
	http.Error(w, text, status)
}

func setting(name, fallback string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return fallback
}
