package sidecar

import (
	"context"
	"sync"
	"sync/atomic"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
)

// CacheStats is what the cache of a Client has done since it was created, and what it holds.
type CacheStats struct {
	Live      int64 // sessions that were opened from memory, without a call
	Validated int64 // sessions that were opened from memory after the sidecar has confirmed them
	Missed    int64 // sessions that the sidecar has sent, because the cache did not have them or they had changed
	Reported  int64 // changes that the sidecar has reported, of sessions in the cache or not
	Sessions  int   // in the cache
	Bytes     int   // their approximate size
}

// sessionCache is a stub that keeps the sessions that were read, with two levels of freshness: while the stream reports every
// change, a session is opened from memory (live); otherwise the sidecar is asked whether it has changed (validated). Without a
// stream, sessions are only validated. docs/decisions/0039-client-cache.md says why nothing outdated is opened.
type sessionCache struct {
	sessionv1.SessionServiceClient // makes the calls
	liveness                       *liveness

	// mu is taken after pipeline.mu, never before it.
	mu      sync.RWMutex
	entries cacheEntries
	calls   callsInFlight

	live, validated, missed, reportedCount atomic.Int64
}

func newSessionCache(stub sessionv1.SessionServiceClient, maxBytes int, requestConfirmation func(clock uint64)) *sessionCache {
	return &sessionCache{
		SessionServiceClient: stub,
		liveness:             newLiveness(requestConfirmation),
		entries:              newCacheEntries(maxBytes),
		calls:                callsInFlight{},
	}
}

// open returns a session that need not be asked for, or asks the sidecar. It belongs to the caller, apart from its Data and
// FlashQueues, which must not be changed.
func (c *sessionCache) open(ctx context.Context, token string) (*sessionv1.Session, error) {
	if ctx.Err() == nil {
		if session := c.find(token); session != nil {
			c.live.Add(1)
			return copyOfSession(session), nil
		}
	}
	session, err := c.read(ctx, token)
	if err != nil {
		return nil, err
	}
	return copyOfSession(session), nil
}

func (c *sessionCache) find(token string) *sessionv1.Session {
	c.liveness.noteUse(c.liveness.now())
	c.mu.RLock()
	now := c.liveness.now()
	entry, isYoung := c.entries.peek(cacheKeyOf(token))
	isLive := entry != nil && entry.token == token && now < entry.liveUntil && c.liveness.covers(entry.epoch, now)
	c.mu.RUnlock()
	if !isLive {
		return nil
	}
	if !isYoung {
		c.mu.Lock()
		c.entries.use(entry)
		c.mu.Unlock()
	}
	return entry.session
}

// read returns the session as the sidecar has it now.
func (c *sessionCache) read(ctx context.Context, token string) (*sessionv1.Session, error) {
	known, call := c.begin(token)
	defer c.end(call)
	request := &sessionv1.GetSessionRequest{Token: token, Etag: []byte{}}
	if known != nil {
		request.Etag = []byte(known.etag)
	}
	response, err := c.SessionServiceClient.GetSession(ctx, request)
	if err == nil && (known == nil || response.GetNotModified() == nil) {
		err = checkSession("GetSession", response.GetSession())
	}
	if err != nil {
		if code := CodeOf(err); code == CodeSessionNotFound || code == CodeTokenInvalid {
			c.drop(token)
		}
		return nil, err
	}
	if response.Session == nil {
		c.validated.Add(1)
		entry := known.confirmed(response.NotModified)
		entry.liveUntil = call.liveUntil(response.LiveMs)
		c.keep(entry, call)
		return entry.session, nil
	}
	c.missed.Add(1)
	// Without an etag: of a sidecar that cannot name states. Reports are related to tokens by what handles have in common with them.
	if len(response.Etag) == 0 || cacheKeyOf(response.Session.Handle) != call.key {
		c.drop(token)
		return response.Session, nil
	}
	entry := newCacheEntry(token, response.Session, response.Etag)
	entry.liveUntil = call.liveUntil(response.LiveMs)
	c.keep(entry, call)
	return response.Session, nil
}

// UpdateSession applies the update to the kept session too, if that is what the sidecar has applied it to.
func (c *sessionCache) UpdateSession(ctx context.Context, request *sessionv1.UpdateSessionRequest, options ...grpc.CallOption) (*sessionv1.UpdateSessionResponse, error) {
	base, call := c.begin(request.Token)
	var next *cacheEntry
	version := unknownVersion
	// Whatever came of it: a call that failed may have been applied.
	defer func() { c.changedHere(call, request.Token, version, next) }()
	if base != nil {
		request.Etag = []byte(base.etag)
	}
	response, err := c.SessionServiceClient.UpdateSession(ctx, request, options...)
	if err == nil && base != nil {
		version = response.Version
		if next = base.updated(request, response); next != nil {
			next.liveUntil = call.liveUntil(response.LiveMs)
		}
	}
	return response, err
}

// RegenerateSession ends what is kept of the session, as do the other calls that change it in a way that the cache cannot follow.
func (c *sessionCache) RegenerateSession(ctx context.Context, request *sessionv1.RegenerateSessionRequest, options ...grpc.CallOption) (*sessionv1.RegenerateSessionResponse, error) {
	defer c.changing(request.Token)()
	return c.SessionServiceClient.RegenerateSession(ctx, request, options...)
}

func (c *sessionCache) InvalidateSession(ctx context.Context, request *sessionv1.InvalidateSessionRequest, options ...grpc.CallOption) (*sessionv1.InvalidateSessionResponse, error) {
	defer c.changing(request.Token)()
	return c.SessionServiceClient.InvalidateSession(ctx, request, options...)
}

func (c *sessionCache) PushFlash(ctx context.Context, request *sessionv1.PushFlashRequest, options ...grpc.CallOption) (*sessionv1.PushFlashResponse, error) {
	defer c.changing(request.Token)()
	return c.SessionServiceClient.PushFlash(ctx, request, options...)
}

func (c *sessionCache) PopFlash(ctx context.Context, request *sessionv1.PopFlashRequest, options ...grpc.CallOption) (*sessionv1.PopFlashResponse, error) {
	defer c.changing(request.Token)()
	return c.SessionServiceClient.PopFlash(ctx, request, options...)
}

func (c *sessionCache) NewCsrfToken(ctx context.Context, request *sessionv1.NewCsrfTokenRequest, options ...grpc.CallOption) (*sessionv1.NewCsrfTokenResponse, error) {
	defer c.changing(request.Token)()
	return c.SessionServiceClient.NewCsrfToken(ctx, request, options...)
}

func (c *sessionCache) stats() CacheStats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return CacheStats{c.live.Load(), c.validated.Load(), c.missed.Load(), c.reportedCount.Load(), c.entries.count(), c.entries.bytes()}
}

// clear is to be called when the client is closed, and its stream with it.
func (c *sessionCache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.clear()
}

func (c *sessionCache) streamOpened() (clock uint64) { return c.liveness.clock() }

func (c *sessionCache) reported(frame *sessionv1.PipelineResponse) {
	if len(frame.Changed) == 0 && !frame.AllChanged && frame.Confirmed == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, change := range frame.Changed {
		version := change.Version
		if version == 0 {
			version = unknownVersion
		}
		key := cacheKeyOf(change.Handle)
		if entry, _ := c.entries.peek(key); entry != nil && entry.session.Version < version {
			entry.epoch = noEpoch
		}
		c.calls.changed(key, version)
	}
	c.reportedCount.Add(int64(len(frame.Changed)))
	if frame.AllChanged {
		c.liveness.lose()
	}
	if frame.Confirmed != 0 {
		c.liveness.confirmed(frame.Confirmed)
	}
}

func (c *sessionCache) streamLost() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.liveness.lose()
}

// begin is to be called before a call on a session, and returns what is kept of it. The call has to be ended.
func (c *sessionCache) begin(token string) (*cacheEntry, *cachedCall) {
	call := &cachedCall{key: cacheKeyOf(token), at: c.liveness.now()}
	c.liveness.noteUse(call.at)
	c.mu.Lock()
	defer c.mu.Unlock()
	call.epoch = c.liveness.begin()
	c.calls.begin(call)
	entry, _ := c.entries.peek(call.key)
	if entry == nil || entry.token != token {
		return nil, call
	}
	return entry, call
}

func (c *sessionCache) end(call *cachedCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.end(call)
}

// changing begins a call that changes a session in a way that the cache cannot follow, and returns what ends it.
func (c *sessionCache) changing(token string) (changed func()) {
	_, call := c.begin(token)
	return func() { c.changedHere(call, token, unknownVersion, nil) }
}

// changedHere ends a call of this client that may have changed a session. next is the session after it; nil: unknown.
func (c *sessionCache) changedHere(call *cachedCall, token string, version int64, next *cacheEntry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls.changed(call.key, version)
	if next == nil {
		c.entries.drop(token)
	} else {
		c.keepLocked(next, call)
	}
	c.calls.end(call)
}

func (c *sessionCache) drop(token string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.entries.drop(token)
}

// keep keeps the session that a read has returned.
func (c *sessionCache) keep(entry *cacheEntry, call *cachedCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	present, _ := c.entries.peek(entry.key())
	isCovered := present != nil && present.epoch == c.liveness.current
	if isCovered && call.epoch != c.liveness.current && present.session.Version >= entry.session.Version {
		// The read began before this epoch, so it cannot be live, and it must not replace a copy that is.
		return
	}
	c.keepLocked(entry, call)
}

func (c *sessionCache) keepLocked(entry *cacheEntry, call *cachedCall) {
	version := entry.session.Version
	if call.reported <= version {
		entry.epoch = call.epoch
	}
	// A later reply may have overtaken this one. Versions can be compared within an epoch.
	present, _ := c.entries.peek(entry.key())
	if present == nil || present.epoch == noEpoch || present.epoch != call.epoch || !present.outranks(entry) {
		c.entries.set(entry)
	}
}
