package web

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	"github.com/session-sidecar/session-sidecar/client/go/websession"
)

func (w *world) forms() http.Handler {
	return w.LoadAndSave(w.Protect(muxOf(pages{
		"GET /form": func(out http.ResponseWriter, r *http.Request) {
			token, err := w.CSRFToken(r.Context())
			fmt.Fprint(out, token, err)
		},
		"GET /raw": func(out http.ResponseWriter, r *http.Request) {
			session, err := w.Load(r.Context())
			if err != nil {
				panic(err)
			}
			token, err := session.CSRFToken(r.Context())
			fmt.Fprint(out, token, err)
		},
		"/act":    func(out http.ResponseWriter, r *http.Request) { fmt.Fprint(out, "done ", r.FormValue("field")) },
		"GET /ws": func(out http.ResponseWriter, _ *http.Request) { fmt.Fprint(out, "upgraded") },
	})))
}

func formToken(b *browser, path string) string { return strings.TrimSuffix(b.get(path).body, "<nil>") }

func TestAFormNeedsTheTokenOfItsSession(t *testing.T) {
	w := newWorld(t, websession.Options{})
	b := serve(t, w.forms())
	first, second, raw := formToken(b, "/form"), formToken(b, "/form"), formToken(b, "/raw")
	if first == second || first == raw || first == "" {
		t.Errorf("the tokens are %q, %q and %q", first, second, raw)
	}
	w.calls.take()
	for _, token := range []string{first, second, raw} {
		expect(t, "field", b.post("/act", nil, url.Values{"csrf_token": {token}, "field": {"a"}}).body, "done a")
		expect(t, "header", b.post("/act", http.Header{"X-Csrf-Token": {token}}, url.Values{"field": {"a"}}).body, "done a")
	}
	expect(t, "calls", fmt.Sprint(w.calls.take()), "map[GetSession:6]")

	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	check(t, parts.WriteField("csrf_token", first))
	check(t, parts.WriteField("field", "a"))
	check(t, parts.Close())
	request := b.request(http.MethodPost, "/act", http.Header{"Content-Type": {parts.FormDataContentType()}}, &form)
	expect(t, "multipart", b.send(request).body, "done a")

	stranger := b.another()
	for name, refused := range map[string]*answer{
		"no token":          b.post("/act", nil, nil),
		"token in the URL":  b.post("/act?csrf_token="+first, nil, nil),
		"changed token":     b.post("/act", nil, url.Values{"csrf_token": {first[:len(first)-1]}}),
		"another's session": stranger.post("/act", nil, url.Values{"csrf_token": {first}}),
		"empty token":       b.post("/act", http.Header{"X-Csrf-Token": {""}}, url.Values{"csrf_token": {""}}),
	} {
		expect(t, name, refused.StatusCode, http.StatusForbidden)
		if strings.Contains(refused.body, first) || !strings.Contains(refused.body, "CSRF token") {
			t.Errorf("%s says %q", name, refused.body)
		}
	}
	for _, method := range []string{http.MethodPut, http.MethodPatch, http.MethodDelete} {
		request := b.request(method, "/act", nil, nil)
		expect(t, method, b.send(request).StatusCode, http.StatusForbidden)
		request = b.request(method, "/act", http.Header{"X-Csrf-Token": {first}}, nil)
		expect(t, method, b.send(request).StatusCode, http.StatusOK)
	}
}

func TestARequestOfAForeignPageIsRefusedBeforeAnyCall(t *testing.T) {
	w := newWorld(t, websession.Options{TrustedOrigins: []string{"https://pay.example.com"}})
	b := serve(t, w.forms())
	token := formToken(b, "/form")
	w.calls.take()
	for _, test := range []struct {
		isAllowed bool
		header    http.Header
	}{
		{true, http.Header{}},
		{true, http.Header{"Origin": {b.url}}},
		{true, http.Header{"Origin": {strings.ToUpper(b.url)}}},
		{true, http.Header{"Referer": {b.url + "/form?secret"}}},
		{true, http.Header{"Sec-Fetch-Site": {"same-origin"}, "Origin": {"null"}}},
		{true, http.Header{"Sec-Fetch-Site": {"none"}}},
		{true, http.Header{"Sec-Fetch-Site": {"cross-site"}, "Origin": {"https://pay.example.com"}}},
		{true, http.Header{"Referer": {"https://pay.example.com/form"}}},
		{false, http.Header{"Sec-Fetch-Site": {"same-site"}, "Origin": {b.url}}},
		{false, http.Header{"Sec-Fetch-Site": {"cross-site"}}},
		{false, http.Header{"Origin": {"null"}}},
		{false, http.Header{"Origin": {"https://evil.example.com"}}},
		{false, http.Header{"Origin": {"https://evil.example.com"}, "Referer": {b.url}}},
		{false, http.Header{"Referer": {"https://evil.example.com/secret"}}},
		{false, http.Header{"Referer": {"%%"}}},
	} {
		test.header.Set("X-CSRF-Token", token)
		answer := b.post("/act", test.header, nil)
		expect(t, fmt.Sprint(test.header), answer.StatusCode == http.StatusOK, test.isAllowed)
		if !test.isAllowed {
			expect(t, "status", answer.StatusCode, http.StatusForbidden)
			expect(t, "calls", len(w.calls.take()), 0)
		}
		w.calls.take()
		if strings.Contains(answer.body, "secret") {
			t.Errorf("says %q", answer.body)
		}
		upgrade := test.header.Clone()
		upgrade.Set("Upgrade", "websocket")
		upgrade.Del("X-CSRF-Token")
		expect(t, "WebSocket", b.with("/ws", upgrade).StatusCode == http.StatusOK, test.isAllowed)
		plain := test.header.Clone()
		expect(t, "GET", b.with("/ws", plain).StatusCode, http.StatusOK)
	}
}

func TestForgedRequestsGoToTheErrorHandler(t *testing.T) {
	var got error
	w := newWorld(t, websession.Options{ErrorHandler: func(out http.ResponseWriter, _ *http.Request, err error) {
		got = err
		out.WriteHeader(websession.HTTPStatus(err))
	}})
	b := serve(t, w.forms())
	expect(t, "status", b.post("/act", nil, nil).StatusCode, http.StatusForbidden)
	forged, ok := got.(*websession.CSRFError)
	if !ok || forged.Reason != websession.CSRFTokenInvalid || sidecar.CodeOf(got) != "" {
		t.Errorf("got %v", got)
	}
}
