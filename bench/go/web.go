package main

import (
	"context"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strconv"

	"github.com/alexedwards/scs/redisstore"
	"github.com/alexedwards/scs/v2"
	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
	"google.golang.org/grpc"
)

// webSessions are the sessions of a web application: the middleware, and what the handlers call.
type webSessions interface {
	LoadAndSave(next http.Handler) http.Handler
	Put(ctx context.Context, key string, value any)
	user(ctx context.Context) user
}

type sidecarSessions struct{ *websession.Manager }

func (s sidecarSessions) user(ctx context.Context) user {
	found, err := websession.Get[user](ctx, s.Manager, "user")
	if err != nil {
		log.Print(err)
	}
	return found
}

type scsSessions struct{ *scs.SessionManager }

func (s scsSessions) user(ctx context.Context) user {
	found, _ := s.Get(ctx, "user").(user)
	return found
}

// newWebSessions reads what bench/src/app-process.ts says in the environment.
func newWebSessions() webSessions {
	store := os.Getenv("STORE")
	if store == "library" {
		manager := scs.New()
		manager.Store = redisstore.New(newPool(target{RedisPort: must(strconv.Atoi(os.Getenv("REDIS_PORT")))}))
		return scsSessions{manager}
	}
	options := []grpc.DialOption{sidecar.WithTimeout(timeout)}
	if store == "cached" {
		// Room for all sessions of a run.
		options = append(options, sidecar.WithCache(1<<30))
	}
	client := must(sidecar.Dial(os.Getenv("SIDECAR_ADDRESS"), options...))
	return sidecarSessions{must(websession.New(client, websession.Options{}))}
}

// serve runs the shop on net/http until the process is ended.
func serve() {
	sessions := newWebSessions()
	address := "127.0.0.1:" + os.Getenv("PORT")
	log.Fatal(http.ListenAndServe(address, sessions.LoadAndSave(webRoutes(sessions))))
}

func webRoutes(sessions webSessions) http.Handler {
	mux := http.NewServeMux()
	answer := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if err := json.NewEncoder(w).Encode(map[string]any{"user": sessions.user(r.Context())}); err != nil {
			log.Print(err)
		}
	}
	mux.HandleFunc("GET /{$}", answer)
	mux.HandleFunc("POST /page", func(w http.ResponseWriter, r *http.Request) {
		sessions.Put(r.Context(), "page", nextPage())
		answer(w, r)
	})
	mux.HandleFunc("POST /sessions/{size}/{n}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("n"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		values := shopSession(n, r.PathValue("size"))
		sessions.Put(r.Context(), "user", values.User)
		sessions.Put(r.Context(), "cart", values.Cart)
		sessions.Put(r.Context(), "page", values.Page)
		answer(w, r)
	})
	return mux
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
