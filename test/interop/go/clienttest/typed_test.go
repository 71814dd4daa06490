package clienttest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	sidecar "github.com/session-sidecar/session-sidecar/client/go"
	sessionv1 "github.com/session-sidecar/session-sidecar/proto/gen/go/session/v1"
)

type account struct {
	ID    int64          `json:"id"`
	Extra map[string]any `json:"extra"`
}

func withData(t *testing.T, texts map[string]string) *sidecar.Session {
	t.Helper()
	data := map[string][]byte{}
	for key, text := range texts {
		data[key] = []byte(text)
	}
	fake := startFake(t, answering("GetSession", &sessionv1.GetSessionResponse{Session: &sessionv1.Session{Data: data}}))
	return open(t, dial(t, fake.address))
}

func TestTypedAccess(t *testing.T) {
	session := withData(t, map[string]string{
		"account": `{"id":9007199254740993,"extra":{"seen":[9007199254740995,1.5]}}`, "null": "null", "name": `"Ada"`,
	})
	full, found, err := sidecar.Get[account](session, "account")
	check(t, err)
	extra := map[string]any{"seen": []any{json.Number("9007199254740995"), json.Number("1.5")}}
	if !found || !reflect.DeepEqual(full, account{9007199254740993, extra}) {
		t.Errorf("got %v", full)
	}
	if name, found, err := sidecar.Get[*string](session, "null"); name != nil || !found || err != nil {
		t.Errorf("null gave %v, %v, %v", name, found, err)
	}
	if cart, found, err := sidecar.Get[[]string](session, "cart"); cart != nil || found || err != nil {
		t.Errorf("an absent key gave %v, %v, %v", cart, found, err)
	}
	for key, want := range map[string]string{"name": "Ada", "null": "", "absent": "fallback"} {
		if name, err := sidecar.GetOr(session, key, "fallback"); name != want || err != nil {
			t.Errorf("%s gave %q, %v", key, name, err)
		}
	}
	_, err = sidecar.GetOr(session, "name", 7)
	expectCode(t, err, sidecar.CodeValueUnreadable)
	if _, _, err := sidecar.Pop[int](session, "name"); sidecar.CodeOf(err) != sidecar.CodeValueUnreadable || !session.Has("name") {
		t.Errorf("got %v", err)
	}
	if name, found, err := sidecar.Pop[string](session, "name"); name != "Ada" || !found || err != nil || session.Has("name") {
		t.Errorf("got %q, %v, %v", name, found, err)
	}
}

func TestTypedMessages(t *testing.T) {
	session := withData(t, nil)
	check(t, session.PushFlash("", account{ID: 9007199254740993}))
	peeked, err := sidecar.PeekFlash[account](patient(t), session, "")
	check(t, err)
	popped, err := sidecar.PopFlash[account](patient(t), session, "")
	check(t, err)
	if want := []account{{ID: 9007199254740993}}; !reflect.DeepEqual(peeked, want) || !reflect.DeepEqual(popped, want) {
		t.Errorf("got %v and %v", peeked, popped)
	}
}

func TestItsTextHasNeitherKeysNorValuesNorTokens(t *testing.T) {
	session := withData(t, map[string]string{"secret key": `"secret value"`})
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, session); text != "Session(stored, 1 keys)" {
			t.Errorf("%s gave %s", verb, text)
		}
	}
}

// fmt reads the fields of what has no text, while the client's goroutines write them.
func TestTheTextOfAClientIsItsAddress(t *testing.T) {
	fake := startFake(t, answering("GetSession", &sessionv1.GetSessionResponse{Session: &sessionv1.Session{}}))
	client := dial(t, fake.address)
	open(t, client)
	for _, verb := range []string{"%v", "%+v", "%s", "%q", "%x"} {
		if text, want := fmt.Sprintf(verb, client), fmt.Sprintf(verb, "Client("+fake.address+")"); text != want {
			t.Errorf("%s gave %s", verb, text)
		}
	}
}

// A value of any shape is read and written again without a change.
func TestNumbersKeepEveryDigit(t *testing.T) {
	for _, text := range []string{
		"9007199254740993", "-123456789012345678901234567890", "0.1000000000000000055", "1e400", `{"a":[9007199254740993]}`, `"9007199254740993"`,
	} {
		session := withData(t, map[string]string{"value": text})
		value, _, err := sidecar.Get[any](session, "value")
		check(t, err)
		check(t, session.Set("value", value))
		again, _, err := sidecar.Get[json.RawMessage](session, "value")
		check(t, err)
		if string(again) != text {
			t.Errorf("%s became %s", text, again)
		}
	}
}

func TestWhatIsNotOneJSONValueIsUnreadable(t *testing.T) {
	for _, text := range []string{"", " ", "1 2", "[1", "{}x", `{"a":}`} {
		session := withData(t, map[string]string{"value": text})
		for _, into := range []any{new(any), new(map[string]any), new(json.RawMessage), new(struct{ A any })} {
			if _, err := session.Get("value", into); sidecar.CodeOf(err) != sidecar.CodeValueUnreadable {
				t.Errorf("%q gave %v", text, fmt.Sprint(err))
			}
		}
	}
}
