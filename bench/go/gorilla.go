package main

import (
	"net/http"
	"net/http/httptest"

	"github.com/boj/redistore"
	"github.com/gorilla/sessions"
)

const cookieName = "session"

// gorillaSide is gorilla/sessions with redistore. A handler gets the session of its request, and saves it if it has changed it. A read
// does not record an access.
type gorillaSide struct {
	store   *redistore.RediStore
	cookies []string
}

func newGorillaSide(to target) (side, error) {
	store, err := redistore.NewRediStoreWithPool(newPool(to), []byte("a key of thirty-two bytes, as asked"))
	if err != nil {
		return nil, err
	}
	store.SetMaxLength(0)
	return &gorillaSide{store: store}, nil
}

func (s *gorillaSide) use(ids []string) { s.cookies = ids }

func (s *gorillaSide) create(values shop) (string, error) {
	request, session, err := s.open("")
	if err != nil {
		return "", err
	}
	session.Values["user"] = values.User
	session.Values["cart"] = values.Cart
	session.Values["page"] = values.Page
	response := httptest.NewRecorder()
	if err := session.Save(request, response); err != nil {
		return "", err
	}
	return response.Result().Cookies()[0].Value, nil
}

func (s *gorillaSide) open(cookie string) (*http.Request, *sessions.Session, error) {
	request, err := http.NewRequest(http.MethodGet, "/", nil)
	if err != nil {
		return nil, nil, err
	}
	if cookie != "" {
		request.AddCookie(&http.Cookie{Name: cookieName, Value: cookie})
	}
	session, err := s.store.Get(request, cookieName)
	return request, session, err
}

func (s *gorillaSide) load(n int) (*http.Request, *sessions.Session, error) {
	request, session, err := s.open(s.cookies[n])
	if err != nil {
		return nil, nil, err
	}
	found, _ := session.Values["user"].(user)
	return request, session, checkUser(found, n)
}

func (s *gorillaSide) read(n int) error {
	_, _, err := s.load(n)
	return err
}

func (s *gorillaSide) write(n int) error {
	request, session, err := s.load(n)
	if err != nil {
		return err
	}
	session.Values["page"] = nextPage()
	return session.Save(request, httptest.NewRecorder())
}

func (s *gorillaSide) close() error { return s.store.Close() }
