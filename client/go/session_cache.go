package sidecar

import (
	"context"
	"sync"
	"sync/atomic"

	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
	"google.golang.org/grpc"
)

// CacheStats counts what the cache of a Client has done since the client was created, and what it holds.
type CacheStats struct {
	Live      int64 // sessions opened from memory, without a call
	Validated int64 // sessions opened from memory after the sidecar confirmed that they had not changed
	Missed    int64 // sessions sent by the sidecar, because the cache did not have them or they had changed
	Reported  int64 // changes reported by the sidecar, of sessions in the cache or not
	Sessions  int   // sessions in the cache
	Bytes     int   // approximate size of the sessions in the cache
}

// sessionCache is a stub that keeps the sessions it has read, with two levels of freshness. While the stream reports every change, it
// opens a session from memory (live); otherwise it asks the sidecar first whether the session has changed (validated). Without a
// stream, sessions are only validated. docs/decisions/0039-client-cache.md says why it never opens an outdated session.
type sessionCache struct {
	sessionv1.SessionServiceClient // makes the calls
	liveness                       *liveness

	// mu may be locked while pipeline.mu is held, but not the other way round.
	mu      sync.RWMutex
	entries generationalMap
	calls   callsInFlight

	live, validated, missed, reportedCount atomic.Int64
}

func newSessionCache(stub sessionv1.SessionServiceClient, maxBytes int, requestConfirmation func(clock uint64)) *sessionCache {
	return &sessionCache{
		SessionServiceClient: stub,
		liveness:             newLiveness(requestConfirmation),
		entries:              newGenerationalMap(maxBytes),
		calls:                callsInFlight{},
	}
}

// open returns the session of a token, from memory if it is live. The caller may modify the session, but not its Data and
// FlashQueues, which it shares with the cache.
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

// find returns the session of a token if it is live, else nil.
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

// read returns the session of a token as the sidecar has it now, validated or sent.
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
	// A sidecar without etags cannot validate a copy. Reports name handles, so a token that does not begin with the handle cannot be
	// found by them.
	if len(response.Etag) == 0 || cacheKeyOf(response.Session.Handle) != call.key {
		c.drop(token)
		return response.Session, nil
	}
	entry := newCacheEntry(token, response.Session, response.Etag)
	entry.liveUntil = call.liveUntil(response.LiveMs)
	c.keep(entry, call)
	return response.Session, nil
}

// UpdateSession applies the update to the kept session too, provided that the sidecar applied it to the same state.
func (c *sessionCache) UpdateSession(ctx context.Context, request *sessionv1.UpdateSessionRequest, options ...grpc.CallOption) (*sessionv1.UpdateSessionResponse, error) {
	base, call := c.begin(request.Token)
	var next *cacheEntry
	version := unknownVersion
	// Even after a failure, because the update may have been applied.
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

// RegenerateSession drops the kept session, as do the calls below. They change a session in ways that the cache cannot follow.
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

// InvalidateSubjectSessions ends sessions of which the reply does not say which. The kept ones are validated once before they are live
// again.
func (c *sessionCache) InvalidateSubjectSessions(ctx context.Context, request *sessionv1.InvalidateSubjectSessionsRequest, options ...grpc.CallOption) (*sessionv1.InvalidateSubjectSessionsResponse, error) {
	// Even after a failure, because some may have ended.
	defer c.streamLost()
	return c.SessionServiceClient.InvalidateSubjectSessions(ctx, request, options...)
}

func (c *sessionCache) stats() CacheStats {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return CacheStats{c.live.Load(), c.validated.Load(), c.missed.Load(), c.reportedCount.Load(), c.entries.count(), c.entries.bytes()}
}

// clear drops all sessions. The stream must have been closed before.
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

// begin records a call that is about to be made, and returns the kept session of its token, or nil. The call must be ended by end or
// changedHere.
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

// changing begins a call that changes a session in a way that the cache cannot follow. The function that it returns ends the call.
func (c *sessionCache) changing(token string) (changed func()) {
	_, call := c.begin(token)
	return func() { c.changedHere(call, token, unknownVersion, nil) }
}

// changedHere ends a call of this client that may have changed a session. next is the session after the call; nil: not known.
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

// keep adds a session that was read, unless a copy that is live would lose by it.
func (c *sessionCache) keep(entry *cacheEntry, call *cachedCall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	present, _ := c.entries.peek(entry.key())
	isCovered := present != nil && present.epoch == c.liveness.current
	if isCovered && call.epoch != c.liveness.current && present.session.Version >= entry.session.Version {
		// The read began before the current epoch, so its session is not live and must not replace one that is.
		return
	}
	c.keepLocked(entry, call)
}

func (c *sessionCache) keepLocked(entry *cacheEntry, call *cachedCall) {
	version := entry.session.Version
	if call.reported <= version {
		entry.epoch = call.epoch
	}
	// The reply to a later call may have come first. Only within an epoch do versions say which is newer.
	present, _ := c.entries.peek(entry.key())
	if present == nil || present.epoch == noEpoch || present.epoch != call.epoch || !present.outranks(entry) {
		c.entries.set(entry)
	}
}
