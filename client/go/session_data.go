package sidecar

import (
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

// sessionData holds the values of a session, as JSON texts, and the writes that were not saved yet.
type sessionData struct {
	values map[string][]byte
	// writes has the last write of each key, in order.
	writes []pendingWrite
	// sent has the keys that the sidecar has, or may have because they were sent: removing one of them has to be sent too.
	sent    map[string]bool
	cleared bool
}

type pendingWrite struct {
	key      string
	mutation *sessionv1.Mutation
}

func newSessionData(session *sessionv1.Session) sessionData {
	d := sessionData{values: map[string][]byte{}, sent: map[string]bool{}}
	for key, value := range session.GetData() {
		d.values[key], d.sent[key] = value, true
	}
	return d
}

func (d *sessionData) isWritten(key string) bool {
	for _, write := range d.writes {
		if write.key == key {
			return true
		}
	}
	return d.cleared
}

// record makes a mutation the last write of its key; nil forgets what was written.
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

func (d *sessionData) set(key string, value []byte) {
	d.values[key] = value
	d.record(key, &sessionv1.Mutation{Kind: &sessionv1.Mutation_Set{Set: &sessionv1.Set{Key: key, Value: value}}})
}

func (d *sessionData) setDefault(key string, value []byte) {
	if d.isWritten(key) {
		// This session itself has removed the key, so nothing found there later may win.
		d.set(key, value)
		return
	}
	d.values[key] = value
	d.record(key, &sessionv1.Mutation{Kind: &sessionv1.Mutation_SetIfAbsent{SetIfAbsent: &sessionv1.Set{Key: key, Value: value}}})
}

func (d *sessionData) delete(key string) {
	delete(d.values, key)
	if d.sent[key] && !d.cleared {
		d.record(key, &sessionv1.Mutation{Kind: &sessionv1.Mutation_Delete{Delete: &sessionv1.Delete{Key: key}}})
	} else {
		d.record(key, nil)
	}
}

// clear removes those keys too that others have added since, where the session is stored.
func (d *sessionData) clear(isStored bool) {
	d.values, d.writes, d.cleared = map[string][]byte{}, nil, isStored
}

func (d *sessionData) mutations() []*sessionv1.Mutation {
	var mutations []*sessionv1.Mutation
	if d.cleared {
		mutations = append(mutations, &sessionv1.Mutation{Kind: &sessionv1.Mutation_Clear{Clear: &sessionv1.Clear{}}})
	}
	for _, write := range d.writes {
		mutations = append(mutations, write.mutation)
		// From here on an answer may be lost after the sidecar has stored it.
		d.sent[write.key] = true
	}
	return mutations
}

func (d *sessionData) settle(results []*sessionv1.MutationResult) {
	if d.cleared {
		results = results[1:]
	}
	for i, write := range d.writes {
		switch write.mutation.Kind.(type) {
		case *sessionv1.Mutation_SetIfAbsent:
			d.values[write.key] = results[i].GetValue()
		case *sessionv1.Mutation_Delete:
			delete(d.sent, write.key)
		}
	}
	d.writes, d.cleared = nil, false
}
