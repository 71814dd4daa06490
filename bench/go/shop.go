package main

import (
	"encoding/gob"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
)

// user, item and shop are the data of the sessions, as in bench/src/shop.ts.
type user struct {
	ID    int      `json:"id"`
	Name  string   `json:"name"`
	Email string   `json:"email"`
	Roles []string `json:"roles"`
}

type item struct {
	SKU   string  `json:"sku"`
	Count int     `json:"count"`
	Price float64 `json:"price"`
}

type shop struct {
	User user   `json:"user"`
	Cart []item `json:"cart"`
	Page string `json:"page"`
}

func init() {
	gob.Register(user{})
	gob.Register([]item{})
}

var sizes = map[string]int{"300b": 300, "4kb": 4096, "64kb": 65536}

const firstUser = 100_000

func shopSession(n int, size string) shop {
	session := shop{
		User: user{firstUser + n, "Ada Lovelace", "ada@example.com", []string{"customer", "editor"}},
		Cart: []item{},
		Page: pageOf(n),
	}
	itemOf := func(n int) item { return item{fmt.Sprintf("TEA-%d", 1000+n), 2, 12.5} }
	perItem := lengthOf(itemOf(0)) + 1
	room := sizes[size] - lengthOf(session)
	for n := range (room + perItem/2) / perItem {
		session.Cart = append(session.Cart, itemOf(n))
	}
	return session
}

func lengthOf(value any) int {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return len(text)
}

func pageOf(n int) string { return fmt.Sprintf("/products/%06d", n%1_000_000) }

var writes atomic.Int64

// nextPage returns the page that the next write stores.
func nextPage() string { return pageOf(int(writes.Add(1))) }

func checkUser(found user, n int) error {
	if found.ID == firstUser+n {
		return nil
	}
	return fmt.Errorf("session %d came back with user %d", n, found.ID)
}

// fill stores sessions 0 to count - 1, 32 at a time.
func fill(side side, count int, size string) error {
	ids := make([]string, count)
	side.use(ids)
	numbers := make(chan int)
	failures := make(chan error, 32)
	var workers sync.WaitGroup
	for range cap(failures) {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for n := range numbers {
				id, err := side.create(shopSession(n, size))
				if err != nil {
					failures <- err
					return
				}
				ids[n] = id
			}
		}()
	}
	var failure error
	for n := 0; n < count && failure == nil; n++ {
		select {
		case numbers <- n:
		case failure = <-failures:
		}
	}
	close(numbers)
	workers.Wait()
	if failure == nil && len(failures) > 0 {
		failure = <-failures
	}
	return failure
}
