package sidecar_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
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

type user struct {
	ID   int64
	Name string
}

func Example() {
	ctx := context.Background()
	sessions, err := sidecar.Dial(os.Getenv("SIDECAR_ADDRESS")) // localhost:50051 or unix:/run/session-sidecar.sock
	check(err)
	defer sessions.Close()

	visitor := sessions.Create()
	check(visitor.Set("user", user{9007199254740993, "Ada"}))
	check(visitor.Save(ctx)) // visitor.Token() goes into the cookie

	session, err := sessions.Open(ctx, visitor.Token())
	check(err)
	found, _, err := sidecar.Get[user](session, "user")
	check(err)
	fmt.Println(session.Origin(), found.ID, found.Name)

	check(session.Invalidate(ctx)) // at logout
	check(visitor.Set("late", true))
	fmt.Println(errors.Is(visitor.Save(ctx), sidecar.ErrSessionNotFound))
	// Output:
	// found 9007199254740993 Ada
	// true
}

func ExampleTransform() {
	ctx := context.Background()
	sessions, err := sidecar.Dial(os.Getenv("SIDECAR_ADDRESS"))
	check(err)
	defer sessions.Close()
	session := sessions.Create()

	for _, item := range []string{"tea", "milk"} {
		_, err = sidecar.Transform(ctx, session, "cart", func(cart []string) []string { return append(cart, item) })
		check(err)
	}
	cart, err := sidecar.GetOr(session, "cart", []string{})
	check(err)
	fmt.Println(cart)
	// Output: [tea milk]
}

func ExamplePopFlashAndSave() {
	ctx := context.Background()
	sessions, err := sidecar.Dial(os.Getenv("SIDECAR_ADDRESS"))
	check(err)
	defer sessions.Close()
	session := sessions.Create()
	check(session.PushFlash("", "Saved"))
	check(session.Save(ctx))

	check(session.Set("seen", true))
	messages, err := sidecar.PopFlashAndSave[string](ctx, session, "") // one call
	check(err)
	fmt.Println(messages, session.HasChanges())
	// Output: [Saved] false
}

func ExampleClient_OpenByID() {
	ctx := context.Background()
	sessions, err := sidecar.Dial(os.Getenv("SIDECAR_ADDRESS"))
	check(err)
	defer sessions.Close()
	const id = "an id that the application has chosen and nobody can guess"
	created, err := sessions.CreateWithID(id)
	check(err)
	check(created.Set("step", 1))
	check(created.Save(ctx))

	session, err := sessions.OpenByID(ctx, id)
	check(err)
	step, err := sidecar.GetOr(session, "step", 0)
	check(err)
	fmt.Println(step)
	check(session.Invalidate(ctx)) // frees the id
	// Output: 1
}
