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

// cacheKeyLength is the length of the prefix that a token shares with the handle of its session.
const cacheKeyLength = 21

// cacheKeyOf returns the prefix that a token and the handle of its session share.
func cacheKeyOf(tokenOrHandle string) string {
	return tokenOrHandle[:min(len(tokenOrHandle), cacheKeyLength)]
}

// cacheEntry is a session in the cache. Its session is never modified: a change makes a new entry.
type cacheEntry struct {
	token   string
	session *sessionv1.Session
	etag    string // names the state of the session for the sidecar
	bytes   int    // its approximate size

	// Guarded by sessionCache.mu once the entry is in the cache:
	epoch     epoch         // in which every change to it is reported; noEpoch: it must be validated
	liveUntil time.Duration // when it must be validated at the latest, by liveness.now
}

// newCacheEntry returns an entry with a session as received. The token is copied, because it may be a slice of a whole header; the
// session need not be, because protobuf has copied it out of the frame.
func newCacheEntry(token string, session *sessionv1.Session, etag []byte) *cacheEntry {
	return entryOf(strings.Clone(token), session, string(etag))
}

func entryOf(token string, session *sessionv1.Session, etag string) *cacheEntry {
	return &cacheEntry{token: token, session: session, etag: etag, bytes: heldBytes(token, session, etag)}
}

func (e *cacheEntry) key() string { return cacheKeyOf(e.token) }

// outranks reports whether e is newer than another entry of the same epoch, or has the same state and is live for longer.
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

// confirmed returns an entry with the same state and the times with which the sidecar confirmed it.
func (e *cacheEntry) confirmed(times *sessionv1.NotModified) *cacheEntry {
	session := copyOfSession(e.session)
	session.Accessed, session.Expires = times.Accessed, times.Expires
	return &cacheEntry{token: e.token, session: session, etag: e.etag, bytes: e.bytes}
}

// updated returns an entry with the state after an update that the sidecar applied to this state, or nil if that is not known.
func (e *cacheEntry) updated(request *sessionv1.UpdateSessionRequest, response *sessionv1.UpdateSessionResponse) *cacheEntry {
	if len(response.Etag) == 0 || request.Subject != nil || request.Label != nil || request.IdleExpiry != nil || len(response.Results) != len(request.Mutations) {
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
		case *sessionv1.Mutation_PopFlash:
			session.FlashQueues = slices.DeleteFunc(session.FlashQueues, func(queue *sessionv1.FlashQueue) bool {
				return queue.Name == kind.PopFlash.Queue
			})
		default:
			return nil
		}
	}
	return entryOf(e.token, session, string(response.Etag))
}

// keepValue copies the key and the value, which may be slices of something larger.
func keepValue(session *sessionv1.Session, set *sessionv1.Set, applied bool) {
	if applied {
		session.Data[strings.Clone(set.Key)] = bytes.Clone(set.Value)
	}
}

// keepMessage counts a message that was pushed to a queue.
func keepMessage(session *sessionv1.Session, queue string) {
	for i, each := range session.FlashQueues {
		if each.Name == queue {
			session.FlashQueues[i] = &sessionv1.FlashQueue{Name: each.Name, MessageCount: each.MessageCount + 1}
			return
		}
	}
	session.FlashQueues = append(session.FlashQueues, &sessionv1.FlashQueue{Name: strings.Clone(queue), MessageCount: 1})
}

// copyOfSession returns a shallow copy, which shares maps, slices and messages with the original.
func copyOfSession(s *sessionv1.Session) *sessionv1.Session {
	return &sessionv1.Session{
		Handle: s.Handle, Data: s.Data, FlashQueues: s.FlashQueues, CsrfToken: s.CsrfToken, Created: s.Created, Accessed: s.Accessed,
		Expires: s.Expires, IdleTimeout: s.IdleTimeout, Version: s.Version, Subject: s.Subject, Label: s.Label,
	}
}

// Sizes of objects on the heap, in bytes.
const (
	// entryBytes is an entry without its strings: the entry, its slot in the cache, its session and its four times.
	entryBytes = 64 + 64 + 208 + 4*48
	queueBytes = 8 + 64
	// mapBytes is a map with one group of eight keys and values.
	mapBytes  = 48 + 352
	slotBytes = 41
)

// heldBytes approximates the memory that an entry keeps alive.
func heldBytes(token string, session *sessionv1.Session, etag string) int {
	size := entryBytes
	for _, text := range []string{token, etag, session.Handle, session.CsrfToken, session.GetSubject(), session.GetLabel()} {
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
		// The number of slots is a power of two, and at most 7/8 of them are used.
		size += mapBytes + slotBytes<<bits.Len(uint(count*8/7))
	}
	return size
}

// allocated approximates the size of the memory block that Go allocates for so many bytes.
func allocated(bytes int) int {
	if bytes <= 1024 {
		return (bytes + 15) &^ 15
	}
	return bytes + bytes/16
}
