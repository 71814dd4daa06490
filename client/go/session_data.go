package sidecar

import (
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// sessionData holds the values of a session as JSON texts, and the writes since its last save. Until the first write, values is the map
// that was loaded, which other sessions may share.
type sessionData struct {
	values map[string][]byte
	isOwn  bool // values and maybeStored may be modified
	// writes has the last write of each key, in the order in which they were made.
	writes []pendingWrite
	// maybeStored has the keys that the sidecar has, or may have because a write was sent. Removing another key sends nothing.
	maybeStored map[string]bool
	cleared     bool
}

type pendingWrite struct {
	key      string
	mutation *sessionv1.Mutation
}

func newSessionData(session *sessionv1.Session) sessionData {
	return sessionData{values: session.GetData()}
}

// own gives this session its own values and maybeStored. It must be called before either is modified or maybeStored is read.
func (d *sessionData) own() {
	if d.isOwn {
		return
	}
	loaded := d.values
	d.values, d.maybeStored, d.isOwn = make(map[string][]byte, len(loaded)), make(map[string]bool, len(loaded)), true
	for key, value := range loaded {
		d.values[key], d.maybeStored[key] = value, true
	}
}

func (d *sessionData) isWritten(key string) bool {
	for _, write := range d.writes {
		if write.key == key {
			return true
		}
	}
	return d.cleared
}

// record replaces the last write of a key; a nil mutation removes it.
func (d *sessionData) record(key string, mutation *sessionv1.Mutation) {
	var writes []pendingWrite
	for _, write := range d.writes {
		if write.key != key {
			writes = append(writes, write)
		}
	}
	if mutation != nil {
		writes = append(writes, pendingWrite{key, mutation})
	}
	d.writes = writes
}

func (d *sessionData) hasChanges() bool { return d.cleared || len(d.writes) > 0 }

// adopt sets the value at a key to the one that the sidecar has stored.
func (d *sessionData) adopt(key string, value []byte) {
	d.own()
	d.values[key], d.maybeStored[key] = value, true
}

func (d *sessionData) set(key string, value []byte) {
	d.own()
	d.values[key] = value
	d.record(key, &sessionv1.Mutation{Kind: &sessionv1.Mutation_Set{Set: &sessionv1.Set{Key: key, Value: value}}})
}

func (d *sessionData) setDefault(key string, value []byte) {
	if d.isWritten(key) {
		// This session removed the key before, so a value that another request stores must not win.
		d.set(key, value)
		return
	}
	d.own()
	d.values[key] = value
	d.record(key, &sessionv1.Mutation{Kind: &sessionv1.Mutation_SetIfAbsent{SetIfAbsent: &sessionv1.Set{Key: key, Value: value}}})
}

func (d *sessionData) delete(key string) {
	d.own()
	delete(d.values, key)
	if d.maybeStored[key] && !d.cleared {
		d.record(key, &sessionv1.Mutation{Kind: &sessionv1.Mutation_Delete{Delete: &sessionv1.Delete{Key: key}}})
	} else {
		d.record(key, nil)
	}
}

// clear removes all keys. If the session is stored, that includes keys that other requests add before the save.
func (d *sessionData) clear(isStored bool) {
	d.own()
	d.values, d.writes, d.cleared = map[string][]byte{}, nil, isStored
}

func (d *sessionData) mutations() []*sessionv1.Mutation {
	var mutations []*sessionv1.Mutation
	if d.cleared {
		mutations = append(mutations, &sessionv1.Mutation{Kind: &sessionv1.Mutation_Clear{Clear: &sessionv1.Clear{}}})
	}
	for _, write := range d.writes {
		mutations = append(mutations, write.mutation)
		// The sidecar may have applied it even if the reply does not arrive.
		d.maybeStored[write.key] = true
	}
	return mutations
}

// written returns the data of another session: what was set here and not saved, and nothing that was loaded.
func (d *sessionData) written() sessionData {
	written := newSessionData(nil)
	for _, write := range d.writes {
		switch kind := write.mutation.Kind.(type) {
		case *sessionv1.Mutation_Set:
			written.set(write.key, kind.Set.Value)
		case *sessionv1.Mutation_SetIfAbsent:
			written.setDefault(write.key, kind.SetIfAbsent.Value)
		}
	}
	return written
}

// settle records that the sidecar has applied the mutations, with these results.
func (d *sessionData) settle(results []*sessionv1.MutationResult) {
	if d.cleared {
		results = results[1:]
	}
	for i, write := range d.writes {
		switch write.mutation.Kind.(type) {
		case *sessionv1.Mutation_SetIfAbsent:
			d.values[write.key] = results[i].GetValue()
		case *sessionv1.Mutation_Delete:
			delete(d.maybeStored, write.key)
		}
	}
	d.writes, d.cleared = nil, false
}
