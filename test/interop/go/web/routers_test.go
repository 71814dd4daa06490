package web

import (
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/labstack/echo/v4"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

// routersOf returns, for each router, pages that write to the session and then stream, find nothing, or panic.
func (w *world) routersOf(t *testing.T) map[string]http.Handler {
	t.Helper()
	write := func(r *http.Request) { w.Put(r.Context(), "note", r.URL.Path) }
	read := func(r *http.Request) string { return w.GetString(r.Context(), "note") }

	ofChi := chi.NewRouter()
	ofChi.Use(w.LoadAndSave, middleware.Recoverer, middleware.Compress(5))
	ofChi.Get("/read", func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, read(r)) })
	ofChi.Get("/stream", func(out http.ResponseWriter, r *http.Request) {
		write(r)
		for range 3 {
			fmt.Fprint(out, "piece ")
			out.(http.Flusher).Flush()
		}
	})
	ofChi.Get("/missing", func(out http.ResponseWriter, r *http.Request) {
		write(r)
		http.NotFound(out, r)
	})
	ofChi.Get("/panic", func(_ http.ResponseWriter, r *http.Request) {
		write(r)
		panic("made up")
	})

	gin.SetMode(gin.TestMode)
	ofGin := gin.New()
	ofGin.Use(gin.RecoveryWithWriter(io.Discard))
	ofGin.GET("/read", func(c *gin.Context) { c.String(http.StatusOK, read(c.Request)) })
	ofGin.GET("/stream", func(c *gin.Context) {
		write(c.Request)
		pieces := 0
		c.Stream(func(out io.Writer) bool {
			fmt.Fprint(out, "piece ")
			pieces++
			return pieces < 3
		})
	})
	ofGin.GET("/missing", func(c *gin.Context) {
		write(c.Request)
		c.AbortWithStatus(http.StatusNotFound)
	})
	ofGin.GET("/panic", func(c *gin.Context) {
		write(c.Request)
		panic("made up")
	})

	ofEcho := echo.New()
	ofEcho.Logger.SetOutput(io.Discard)
	ofEcho.GET("/read", func(c echo.Context) error { return c.String(http.StatusOK, read(c.Request())) })
	ofEcho.GET("/stream", func(c echo.Context) error {
		write(c.Request())
		for range 3 {
			fmt.Fprint(c.Response(), "piece ")
			c.Response().Flush()
		}
		return nil
	})
	ofEcho.GET("/missing", func(c echo.Context) error {
		write(c.Request())
		return echo.ErrNotFound
	})
	ofEcho.GET("/panic", func(c echo.Context) error {
		write(c.Request())
		return fmt.Errorf("made up")
	})
	return map[string]http.Handler{"chi": ofChi, "gin": w.LoadAndSave(ofGin), "echo": w.LoadAndSave(ofEcho)}
}

func TestRouters(t *testing.T) {
	w := newWorld(t, websession.Options{})
	for name, router := range w.routersOf(t) {
		t.Run(name, func(t *testing.T) {
			b := serve(t, router)
			answer := b.get("/stream")
			expect(t, "body", answer.body, "piece piece piece ")
			if answer.cookie(t, "session_sidecar") == nil {
				t.Error("there is no cookie")
			}
			expect(t, "note", b.get("/read").body, "/stream")
			for path, status := range map[string]int{"/missing": http.StatusNotFound, "/panic": http.StatusInternalServerError} {
				expect(t, path, b.get(path).StatusCode, status)
				expect(t, "note", b.get("/read").body, path)
			}
		})
	}
}
