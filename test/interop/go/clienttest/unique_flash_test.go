package clienttest

import (
	"encoding/json"
	"testing"
)

// The first text waits unsaved; whether the second is a duplicate of it.
func TestUnsavedMessagesAreComparedByValue(t *testing.T) {
	session := open(t, dial(t, startFake(t, whole).address))
	for i, pair := range []struct {
		one, other string
		isSame     bool
	}{
		{`{"a":1,"b":[true,null]}`, `{"b":[true,null],"a":1}`, true},
		{`"\u00e9"`, `"é"`, true},
		{`1`, `1.0`, true},
		{`100`, `1e2`, true},
		{`-0.015`, `-1.5E-02`, true},
		{`0`, `-0.00`, true},
		{`9007199254740993`, `9007199254740993.0`, true},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`, true},
		{`9007199254740993`, `9007199254740992`, false},
		{`0.1`, `0.1000000000000000055511151231257827`, false},
		{`1e400`, `1e401`, false},
		{`1`, `true`, false},
		{`1`, `"1"`, false},
		{`null`, `false`, false},
		{`[1,2]`, `[2,1]`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`[]`, `{}`, false},
		{`"\ud800"`, `"\ufffd"`, false},
		{`1e99999999999999999999`, `2e99999999999999999999`, false},
	} {
		queue := string(rune('a' + i))
		check(t, session.PushFlash(queue, json.RawMessage(pair.one)))
		check(t, session.PushUniqueFlash(queue, json.RawMessage(pair.other)))
		var messages []json.RawMessage
		check(t, session.PeekFlash(patient(t), queue, &messages))
		if isSame := len(messages) == 1; isSame != pair.isSame {
			t.Errorf("%s and %s gave %s", pair.one, pair.other, messages)
		}
	}
}
