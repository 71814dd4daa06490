package sidecar

// generationalMap has the entries of a cache, up to a total size, and evicts roughly those that were used least recently. Entries
// are added to the young half, and moved there when they are used. When it is full, it becomes the old half, and the entries that
// are still in the old half are dropped. Unlike with an exact order, most uses change nothing, so goroutines can read concurrently.
type generationalMap struct {
	halfBytes            int
	young, old           map[string]*cacheEntry
	youngBytes, oldBytes int
}

func newGenerationalMap(maxBytes int) generationalMap {
	return generationalMap{halfBytes: maxBytes / 2, young: map[string]*cacheEntry{}}
}

func (m *generationalMap) count() int { return len(m.young) + len(m.old) }

func (m *generationalMap) bytes() int { return m.youngBytes + m.oldBytes }

// peek returns an entry without counting as a use.
func (m *generationalMap) peek(key string) (entry *cacheEntry, isYoung bool) {
	if entry := m.young[key]; entry != nil {
		return entry, true
	}
	return m.old[key], false
}

// use moves an entry to the young half, unless it was replaced or dropped meanwhile.
func (m *generationalMap) use(entry *cacheEntry) {
	if m.old[entry.key()] == entry {
		m.set(entry)
	}
}

// set adds or replaces an entry. An entry larger than half of the maximum size is not kept.
func (m *generationalMap) set(entry *cacheEntry) {
	key := entry.key()
	m.delete(key)
	if entry.bytes > m.halfBytes {
		return
	}
	if m.youngBytes+entry.bytes > m.halfBytes {
		m.old, m.oldBytes = m.young, m.youngBytes
		m.young, m.youngBytes = map[string]*cacheEntry{}, 0
	}
	m.young[key] = entry
	m.youngBytes += entry.bytes
}

// drop removes the entry of a token, but not that of another token of the same session.
func (m *generationalMap) drop(token string) {
	key := cacheKeyOf(token)
	if entry, _ := m.peek(key); entry != nil && entry.token == token {
		m.delete(key)
	}
}

func (m *generationalMap) delete(key string) {
	if entry := m.young[key]; entry != nil {
		m.youngBytes -= entry.bytes
		delete(m.young, key)
	}
	if entry := m.old[key]; entry != nil {
		m.oldBytes -= entry.bytes
		delete(m.old, key)
	}
}

func (m *generationalMap) clear() {
	m.young, m.old = map[string]*cacheEntry{}, nil
	m.youngBytes, m.oldBytes = 0, 0
}
