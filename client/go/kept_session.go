package sidecar

import (
	"bytes"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// cacheKeyLength is how many of its first characters a token shares with the handle of its session.
const cacheKeyLength = 21

// cacheKeyOf returns what a token and the handle of its session have in common.
func cacheKeyOf(tokenOrHandle string) string {
	return tokenOrHandle[:min(len(tokenOrHandle), cacheKeyLength)]
}

// cacheEntry is a session in the cache. The session never changes; a change makes another entry.
type cacheEntry struct {
	token   string
	session *sessionv1.Session
	etag    string // names the state of the session for the sidecar
	bytes   int    // its approximate size

	// Guarded by sessionCache.mu once the entry is in the cache:
	epoch     epoch         // in which every change to it would be reported; noEpoch: the sidecar has to confirm it
	liveUntil time.Duration // until when the sidecar need not be asked, by liveness.now
}

// newCacheEntry keeps a session as the sidecar has sent it. Protobuf has copied it out of the frame; the token may be part of a header.
func newCacheEntry(token string, session *sessionv1.Session, etag []byte) *cacheEntry {
	return entryOf(strings.Clone(token), session, string(etag))
}

func entryOf(token string, session *sessionv1.Session, etag string) *cacheEntry {
	return &cacheEntry{token: token, session: session, etag: etag, bytes: heldBytes(token, session, etag)}
}

func (e *cacheEntry) key() string { return cacheKeyOf(e.token) }

// outranks reports whether an entry is newer than another one of the same epoch, or is the same state and live for longer.
func (e *cacheEntry) outranks(other *cacheEntry) bool {
	switch {
	case e.session.Version != other.session.Version:
		return e.session.Version > other.session.Version
	case other.epoch == noEpoch:
		return true
	default:
		return e.etag == other.etag && e.liveUntil > other.liveUntil
	}
}

// confirmed is the same state, as the sidecar has confirmed it.
func (e *cacheEntry) confirmed(times *sessionv1.NotModified) *cacheEntry {
	session := copyOfSession(e.session)
	session.Accessed, session.Expires = times.Accessed, times.Expires
	return &cacheEntry{token: e.token, session: session, etag: e.etag, bytes: e.bytes}
}

// updated is the state after an update that was applied to this one; nil: unknown.
func (e *cacheEntry) updated(request *sessionv1.UpdateSessionRequest, response *sessionv1.UpdateSessionResponse) *cacheEntry {
	if len(response.Etag) == 0 || request.Subject != nil || request.IdleExpiry != nil || len(response.Results) != len(request.Mutations) {
		return nil
	}
	session := copyOfSession(e.session)
	session.Version, session.Expires = response.Version, response.Expires
	session.Data, session.FlashQueues = maps.Clone(session.Data), slices.Clone(session.FlashQueues)
	if session.Data == nil {
		session.Data = map[string][]byte{}
	}
	for i, mutation := range request.Mutations {
		applied := response.Results[i].GetApplied()
		switch kind := mutation.Kind.(type) {
		case *sessionv1.Mutation_Set:
			keepValue(session, kind.Set, applied)
		case *sessionv1.Mutation_SetIfAbsent:
			keepValue(session, kind.SetIfAbsent, applied)
		case *sessionv1.Mutation_Delete:
			delete(session.Data, kind.Delete.Key)
		case *sessionv1.Mutation_Clear:
			session.Data = map[string][]byte{}
		case *sessionv1.Mutation_PushFlash:
			if applied {
				keepMessage(session, kind.PushFlash.Queue)
			}
		default:
			return nil
		}
	}
	return entryOf(e.token, session, string(response.Etag))
}

// keepValue copies what it keeps, which may be part of something larger.
func keepValue(session *sessionv1.Session, set *sessionv1.Set, applied bool) {
	if applied {
		session.Data[strings.Clone(set.Key)] = bytes.Clone(set.Value)
	}
}

func keepMessage(session *sessionv1.Session, queue string) {
	for i, each := range session.FlashQueues {
		if each.Name == queue {
			session.FlashQueues[i] = &sessionv1.FlashQueue{Name: each.Name, MessageCount: each.MessageCount + 1}
			return
		}
	}
	session.FlashQueues = append(session.FlashQueues, &sessionv1.FlashQueue{Name: strings.Clone(queue), MessageCount: 1})
}

// copyOfSession shares what is behind the pointers of a session.
func copyOfSession(s *sessionv1.Session) *sessionv1.Session {
	return &sessionv1.Session{
		Handle: s.Handle, Data: s.Data, FlashQueues: s.FlashQueues, CsrfToken: s.CsrfToken, Created: s.Created, Accessed: s.Accessed,
		Expires: s.Expires, IdleTimeout: s.IdleTimeout, Version: s.Version, Subject: s.Subject,
	}
}

// Sizes of objects on the heap, in bytes.
const (
	// entryBytes is that of an entry without its texts: itself, its place in the cache, the session, and its times.
	entryBytes = 64 + 64 + 208 + 4*48
	queueBytes = 8 + 64
	// mapBytes is that of a map and of one group of eight keys and values.
	mapBytes  = 48 + 352
	slotBytes = 41
)

func heldBytes(token string, session *sessionv1.Session, etag string) int {
	size := entryBytes
	for _, text := range []string{token, etag, session.Handle, session.CsrfToken, session.GetSubject()} {
		size += allocated(len(text))
	}
	for key, value := range session.Data {
		size += allocated(len(key)) + allocated(cap(value))
	}
	for _, queue := range session.FlashQueues {
		size += queueBytes + allocated(len(queue.Name))
	}
	if count := len(session.Data); count <= 8 {
		size += mapBytes
	} else {
		// Slots are a power of two, at most 7/8 of them used.
		size += mapBytes + slotBytes<<bits.Len(uint(count*8/7))
	}
	return size
}

// allocated is about what the memory allocator takes for so many bytes.
func allocated(bytes int) int {
	if bytes <= 1024 {
		return (bytes + 15) &^ 15
	}
	return bytes + bytes/16
}
