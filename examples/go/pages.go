package main

import (
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"
)

// visit is what the front page shows.
type visit struct {
	User     string
	Cart     []string
	Messages []string
	// Token is the CSRF token of the page's forms. It is empty if the visitor has no session, because then there is nothing to protect.
	Token string
}

type form struct{ Product, Token string }

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"join":     func(names []string) string { return strings.Join(names, ", ") },
	"ids":      func() []string { return slices.Sorted(maps.Keys(products)) },
	"nameOf":   func(id string) string { return products[id] },
	"formData": func(product, token string) form { return form{product, token} },
}).Parse(`
{{define "token"}}<input type="hidden" name="csrf_token" value="{{.}}" />{{end}}
{{define "add"}}<form method="post" action="/cart">{{template "token" .Token}}
<button name="product" value="{{.Product}}">Add to cart</button></form>{{end}}
{{define "product"}}<!doctype html><title>{{nameOf .Product}}</title>{{template "add" .}}{{end}}
{{define "login"}}<!doctype html><title>Sign in</title><form method="post" action="/login">{{template "token" .Token}}
<input name="name" placeholder="Your name" required /> <button>Sign in</button></form>{{end}}
{{define "shop"}}<!doctype html><title>Shop</title>
{{range .Messages}}<p role="status">{{.}}</p>{{end}}
{{if .User}}<p>Hello, {{.User}}!</p>{{else}}<p><a href="/login">Sign in</a></p>{{end}}
{{range ids}}<p>{{nameOf .}} {{if $.Token}}{{template "add" (formData . $.Token)}}{{else}}<a href="/products/{{.}}">Choose</a>{{end}}</p>{{end}}
<p>In your cart: {{if .Cart}}{{join .Cart}}{{else}}nothing{{end}}</p>
{{if and .User .Token}}<form method="post" action="/logout">{{template "token" .Token}}<button>Sign out</button></form>{{end}}{{end}}
`))

func show(w io.Writer, err error, name string, content any) error {
	if err != nil {
		return err
	}
	return pages.ExecuteTemplate(w, name, content)
}
