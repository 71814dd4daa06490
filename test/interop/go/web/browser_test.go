package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// browser keeps the cookies of one site by name, and does not follow redirects.
type browser struct {
	t       *testing.T
	client  *http.Client
	url     string
	cookies map[string]string
}

func newBrowser(t *testing.T, client *http.Client, url string) *browser {
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t, client, url, map[string]string{}}
}

// another returns a browser of another visitor.
func (b *browser) another() *browser { return &browser{b.t, b.client, b.url, map[string]string{}} }

// answer is a response that was read to its end.
type answer struct {
	*http.Response
	body string
	err  error // while it was read
}

// cookie returns the only Set-Cookie header with this name; nil: there is none.
func (a *answer) cookie(t *testing.T, name string) (found *http.Cookie) {
	t.Helper()
	for _, cookie := range a.Cookies() {
		if cookie.Name == name {
			if found != nil {
				t.Errorf("%s is set twice", name)
			}
			found = cookie
		}
	}
	return found
}

func (b *browser) request(method, path string, header http.Header, body io.Reader) *http.Request {
	b.t.Helper()
	request, err := http.NewRequest(method, b.url+path, body)
	check(b.t, err)
	for name, values := range header {
		request.Header[name] = values
	}
	for name, value := range b.cookies {
		request.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	return request
}

// try sends a request, which may fail.
func (b *browser) try(request *http.Request) (*answer, error) {
	response, err := b.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	for _, cookie := range response.Cookies() {
		if cookie.MaxAge < 0 {
			delete(b.cookies, cookie.Name)
		} else {
			b.cookies[cookie.Name] = cookie.Value
		}
	}
	body, err := io.ReadAll(response.Body)
	return &answer{response, string(body), err}, nil
}

func (b *browser) send(request *http.Request) *answer {
	b.t.Helper()
	answer, err := b.try(request)
	check(b.t, err)
	return answer
}

func (b *browser) get(path string) *answer {
	b.t.Helper()
	return b.send(b.request(http.MethodGet, path, nil, nil))
}

func (b *browser) with(path string, header http.Header) *answer {
	b.t.Helper()
	return b.send(b.request(http.MethodGet, path, header, nil))
}

func (b *browser) post(path string, header http.Header, fields url.Values) *answer {
	b.t.Helper()
	request := b.request(http.MethodPost, path, header, strings.NewReader(fields.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.send(request)
}

// token returns the session's token.
func (b *browser) token() string { return b.cookies["session_sidecar"] }
