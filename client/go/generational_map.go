package sidecar

// cacheEntries is bounded by the size of its entries, and drops about those that were used least recently: entries are added to the
// young half, or moved there when they are used; when that is full, it becomes the old half, and what was left there is dropped.
// Unlike with an exact order, most uses change nothing, so that many goroutines can read at the same time.
type cacheEntries struct {
	halfBytes            int
	young, old           map[string]*cacheEntry
	youngBytes, oldBytes int
}

func newCacheEntries(maxBytes int) cacheEntries {
	return cacheEntries{halfBytes: maxBytes / 2, young: map[string]*cacheEntry{}}
}

func (e *cacheEntries) count() int { return len(e.young) + len(e.old) }

func (e *cacheEntries) bytes() int { return e.youngBytes + e.oldBytes }

// peek does not count as a use.
func (e *cacheEntries) peek(key string) (entry *cacheEntry, isYoung bool) {
	if entry := e.young[key]; entry != nil {
		return entry, true
	}
	return e.old[key], false
}

// use makes an old entry a young one, unless it was replaced or dropped meanwhile.
func (e *cacheEntries) use(entry *cacheEntry) {
	if e.old[entry.key()] == entry {
		e.set(entry)
	}
}

// set adds or replaces an entry. One of more than half of the maximum size is not kept.
func (e *cacheEntries) set(entry *cacheEntry) {
	key := entry.key()
	e.delete(key)
	if entry.bytes > e.halfBytes {
		return
	}
	if e.youngBytes+entry.bytes > e.halfBytes {
		e.old, e.oldBytes = e.young, e.youngBytes
		e.young, e.youngBytes = map[string]*cacheEntry{}, 0
	}
	e.young[key] = entry
	e.youngBytes += entry.bytes
}

// drop removes the entry of a token, but not that of another token of the same session.
func (e *cacheEntries) drop(token string) {
	key := cacheKeyOf(token)
	if entry, _ := e.peek(key); entry != nil && entry.token == token {
		e.delete(key)
	}
}

func (e *cacheEntries) delete(key string) {
	if entry := e.young[key]; entry != nil {
		e.youngBytes -= entry.bytes
		delete(e.young, key)
	}
	if entry := e.old[key]; entry != nil {
		e.oldBytes -= entry.bytes
		delete(e.old, key)
	}
}

func (e *cacheEntries) clear() {
	e.young, e.old = map[string]*cacheEntry{}, nil
	e.youngBytes, e.oldBytes = 0, 0
}
