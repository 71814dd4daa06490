package clienttest

import (
	"fmt"
	"strings"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

type picky struct{}

func (picky) UnmarshalJSON(text []byte) error { return fmt.Errorf("cannot take %s", text) }

func TestErrorsContainNothingOfTheValues(t *testing.T) {
	value := "hunter2-4111111111111111"
	texts := map[string]string{
		"broken": `{"card": ` + value + `}`, "number": "4111111111111111", "text": `"` + value + `"`, "empty": "",
		"list": `["` + value + `", 4111111111111111]`, "object": `{"` + value + `": 4111111111111111}`,
	}
	data := map[string][]byte{}
	for key, text := range texts {
		data[key] = []byte(text)
	}
	reply := &sessionv1.GetSessionResponse{Session: &sessionv1.Session{Data: data, FlashQueues: []*sessionv1.FlashQueue{{MessageCount: 1}}}}
	fake := startFake(t, func(_ int, call call) (any, error) {
		switch call.method {
		case "GetSession":
			return reply, nil
		case "PopFlash":
			return &sessionv1.PopFlashResponse{Messages: [][]byte{data["broken"]}}, nil
		}
		return wholeReply(call.method), nil
	})
	session := open(t, dial(t, fake.address))
	expectSilence := func(err error) {
		t.Helper()
		for e := err; e != nil; {
			for _, part := range []string{"hunter2", "4111", value[:1] + "'"} {
				if strings.Contains(fmt.Sprintf("%v %+v %#v", e, e, e), part) {
					t.Errorf("%#v says %s", e, part)
				}
			}
			wrapper, ok := e.(interface{ Unwrap() error })
			if !ok {
				return
			}
			e = wrapper.Unwrap()
		}
	}
	targets := []func() any{
		func() any { return new(int8) }, func() any { return new(struct{ Card bool }) }, func() any { return new([]bool) },
		func() any { return new(map[string]string) }, func() any { return new(picky) }, func() any { return new(map[string]picky) },
		func() any { return new([]picky) },
	}
	failures := 0
	for key := range texts {
		for _, target := range targets {
			if _, err := session.Get(key, target()); err != nil {
				failures++
				if sidecar.CodeOf(err) != sidecar.CodeValueUnreadable {
					t.Errorf("got %v", err)
				}
				expectSilence(err)
			}
		}
	}
	if failures < 30 {
		t.Errorf("only %d reads failed", failures)
	}
	expectSilence(session.PopFlash(patient(t), "", new([]int)))
	for _, unfit := range []any{func() {}, []any{value, make(chan int)}, marshaler(value), map[string]any{value: marshaler(value)}} {
		err := session.Set("key", unfit)
		if err == nil {
			t.Errorf("%T was accepted", unfit)
		}
		expectSilence(err)
	}
}

type marshaler string

func (m marshaler) MarshalJSON() ([]byte, error) {
	return nil, fmt.Errorf("cannot write %s", string(m))
}

func TestInvalidNamesAreRejectedAtOnce(t *testing.T) {
	fake := startFake(t, whole)
	session := open(t, dial(t, fake.address))
	refused := []string{"a\nb", "\x00", "\x7f", "\u0085", "\ufffd", "\xff", "a\xc3", strings.Repeat("a", 257), strings.Repeat("é", 129)}
	for _, name := range refused {
		for what, err := range map[string]error{
			"Set": session.Set(name, 1), "SetDefault": session.SetDefault(name, 1),
			"PushFlash": session.PushFlash(name, 1), "PushUniqueFlash": session.PushUniqueFlash(name, 1),
		} {
			if err == nil || sidecar.CodeOf(err) != "" {
				t.Errorf("%s(%q) gave %v", what, name, err)
			}
		}
	}
	if session.Set("", 1) == nil || session.SetDefault("", 1) == nil {
		t.Error("an empty key was accepted")
	}
	if session.HasChanges() {
		t.Error("what was refused is recorded")
	}
	for _, name := range []string{"a", " ", "Grüße 世界 👋", strings.Repeat("é", 128), "__proto__"} {
		check(t, session.Set(name, 1))
		check(t, session.PushFlash(name, 1))
	}
	check(t, session.PushFlash("", 1))
}
