package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"
	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

func TestAWebSocketReadsTheSessionAndSavesItExplicitly(t *testing.T) {
	w := newWorld(t, websession.Options{})
	routes := w.notes()
	isOver := make(chan struct{})
	routes["GET /ws"] = func(out http.ResponseWriter, r *http.Request) {
		defer close(isOver)
		ctx := r.Context()
		session, err := w.Load(ctx)
		check(t, err)
		conn, err := websocket.Accept(out, r, nil)
		check(t, err)
		defer conn.CloseNow()
		note, err := sidecar.GetOr(session, "note", "")
		check(t, err)
		check(t, conn.Write(ctx, websocket.MessageText, []byte(note)))
		_, text, err := conn.Read(ctx)
		check(t, err)
		check(t, session.Set("note", string(text)))
		check(t, session.Save(ctx))
		check(t, session.Set("note", "unsaved"))
		check(t, conn.Write(ctx, websocket.MessageText, []byte("saved")))
		_, _, _ = conn.Read(ctx)
	}
	b := serve(t, w.LoadAndSave(w.Protect(muxOf(routes))))
	b.get("/set?note=a")
	ctx := t.Context()
	conn, response, err := websocket.Dial(ctx, strings.Replace(b.url, "http", "ws", 1)+"/ws", &websocket.DialOptions{
		HTTPHeader: http.Header{"Cookie": {"session_sidecar=" + b.token()}},
	})
	check(t, err)
	expect(t, "status", response.StatusCode, http.StatusSwitchingProtocols)
	_, text, err := conn.Read(ctx)
	check(t, err)
	expect(t, "note", string(text), "a")
	check(t, conn.Write(ctx, websocket.MessageText, []byte("b")))
	_, text, err = conn.Read(ctx)
	check(t, err)
	expect(t, "answer", string(text), "saved")
	expect(t, "note while it is open", b.get("/get").body, "b")
	check(t, conn.Close(websocket.StatusNormalClosure, ""))
	<-isOver
	expect(t, "note after it was closed", b.get("/get").body, "b")
}
