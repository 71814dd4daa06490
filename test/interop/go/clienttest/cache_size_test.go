package clienttest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestACacheOfLessThan1ByteIsRejected(t *testing.T) {
	for _, bytes := range []int{0, -1} {
		if client, err := sidecar.Dial("localhost:1", sidecar.WithCache(bytes)); err == nil {
			t.Errorf("a client with a cache of %d bytes: %v", bytes, client)
		}
	}
	if got := dial(t, "localhost:1").CacheStats(); got != (sidecar.CacheStats{}) {
		t.Errorf("a client without a cache holds %+v", got)
	}
}

func TestACacheCountsTheMemoryThatItsSessionsTake(t *testing.T) {
	onlyPipeline(t)
	for name, shape := range sessionShapes {
		t.Run(name, func(t *testing.T) {
			client, fill := cachingClient(t, 1<<30, shape)
			fill(200)
			before, usedBefore := client.CacheStats(), used()
			fill(1500)
			held, counted := used()-usedBefore, client.CacheStats().Bytes-before.Bytes
			// If the count is too low, the cache exceeds its limit; if it is too high, it wastes memory.
			if ratio := float64(counted) / float64(held); ratio < 0.85 || ratio > 1.8 {
				t.Errorf("%d bytes are counted of %d that are held: %.2f", counted, held, ratio)
			}
			runtime.KeepAlive(client)
		})
	}
}

func TestASessionThatIsOpenedOftenStaysInAFullCache(t *testing.T) {
	w := startCacheWorld(t, sidecar.WithCache(64<<10))
	w.becomeLive()
	for number := range 500 {
		_, err := w.client.Open(patient(t), fmt.Sprintf("%021d.other", number))
		check(t, err)
		w.expectOpened(0, "live")
	}
	if got := w.client.CacheStats().Sessions; got > 100 {
		t.Errorf("the cache is not full: it has all %d sessions", got)
	}
}

func TestACacheHoldsNoMoreThanItsSize(t *testing.T) {
	onlyPipeline(t)
	const maxBytes = 1 << 20
	client, fill := cachingClient(t, maxBytes, sessionShapes["about 300 bytes"])
	fill(3000)
	stats := client.CacheStats()
	if stats.Bytes > maxBytes || stats.Bytes < maxBytes/2 || stats.Sessions < 200 {
		t.Errorf("it holds %+v", stats)
	}
}

var sessionShapes = map[string]func(int) map[string]any{
	"one number": func(int) map[string]any { return map[string]any{"count": 1} },
	"about 300 bytes": func(number int) map[string]any {
		user := map[string]any{"id": number, "name": fmt.Sprint("Ada Lovelace ", number), "roles": []string{"admin"}}
		return map[string]any{"user": user, "cart": []string{"tea", "milk"}, "visits": number, "note": strings.Repeat("x", 120)}
	},
	"20 keys": func(number int) map[string]any {
		data := map[string]any{}
		for key := range 20 {
			data[fmt.Sprint("key", key)] = fmt.Sprint("value ", number, key)
		}
		return data
	},
	"4 KB": func(int) map[string]any { return map[string]any{"text": strings.Repeat("x", 4096)} },
}

// cachingClient returns a client with a cache, and a function that fills the cache with sessions. make returns the data of the session
// with a number. Each token is a slice of a larger string, as of a header.
func cachingClient(t *testing.T, maxBytes int, make func(int) map[string]any) (*sidecar.Client, func(count int)) {
	t.Helper()
	var data map[string][]byte
	fake := startStreams(t, func(stream *fakeStream) error {
		return stream.serveCalls(func(call *sessionv1.PipelineCall) error {
			now := timestamppb.Now()
			session := &sessionv1.Session{
				Handle: requestOf(call, &sessionv1.GetSessionRequest{}).Token[:22], Data: data, CsrfToken: rand.Text(), Created: now, Accessed: now, Expires: now,
				IdleTimeout: &durationpb.Duration{Seconds: 1200}, Version: 1,
			}
			stream.reply(replyTo(call, &sessionv1.GetSessionResponse{Session: session, Etag: []byte("0123456789abcdef")}, nil))
			return nil
		})
	})
	client := dial(t, fake.address, sidecar.WithCache(maxBytes))
	// One context for all calls: those of patient would be held in memory until the end of the test.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	t.Cleanup(cancel)
	return client, func(count int) {
		for number := range count {
			data = map[string][]byte{}
			for key, value := range make(number) {
				text, err := json.Marshal(value)
				check(t, err)
				data[key] = text
			}
			header := strings.Repeat(" ", 4096) + rand.Text() + rand.Text() + rand.Text()[:16]
			_, err := client.Open(ctx, header[4096:])
			check(t, err)
		}
		fake.forget()
	}
}

// used returns the number of bytes on the heap.
func used() int {
	var stats runtime.MemStats
	for range 3 {
		runtime.GC()
	}
	runtime.ReadMemStats(&stats)
	return int(stats.HeapAlloc)
}
