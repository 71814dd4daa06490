package sidecar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

func encodeAt(key string, value any) ([]byte, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	return encode(strconv.Quote(key), value)
}

func decodeAt(key string, text []byte, into any) error { return decode(strconv.Quote(key), text, into) }

// encode returns JSON in which <, > and & are not escaped, as the clients of other languages write it.
func encode(place string, value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fmt.Errorf("%s cannot be stored as JSON: %s", place, withoutContent(err))
	}
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), nil
}

func decode(place string, text []byte, into any) error {
	unmarshal := json.Unmarshal
	if holdsInterface(reflect.TypeOf(into)) {
		unmarshal = unmarshalWithNumbers
	}
	if err := unmarshal(text, into); err != nil {
		return &Error{Code: CodeValueUnreadable, message: fmt.Sprintf("cannot read %s: %s", place, withoutContent(err))}
	}
	return nil
}

// unmarshalWithNumbers is json.Unmarshal, except that a number that is decoded into an interface becomes a json.Number. A float64 would
// change the last digits of large integers, such as ids, and Set would then store other ones.
func unmarshalWithNumbers(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(into)
	if err == nil && len(bytes.TrimSpace(text[decoder.InputOffset():])) > 0 {
		// As json.Unmarshal reports more than one value.
		return json.Unmarshal(text, new(any))
	}
	return err
}

var interfaceHolders sync.Map // reflect.Type -> bool

// holdsInterface reports whether decoding into a variable of a type may decode into an interface.
func holdsInterface(kind reflect.Type) bool {
	if kind == nil {
		return false
	}
	if known, ok := interfaceHolders.Load(kind); ok {
		return known.(bool)
	}
	found := findInterface(kind, map[reflect.Type]bool{})
	interfaceHolders.Store(kind, found)
	return found
}

func findInterface(kind reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[kind] {
		return false
	}
	seen[kind] = true
	switch kind.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return findInterface(kind.Elem(), seen)
	case reflect.Struct:
		for i := range kind.NumField() {
			if findInterface(kind.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}

// withoutContent describes an error of encoding/json without the values that its message may quote, because errors are logged.
func withoutContent(err error) string {
	var syntax *json.SyntaxError
	var unfit *json.UnmarshalTypeError
	var unsupportedType *json.UnsupportedTypeError
	var unsupportedValue *json.UnsupportedValueError
	var misuse *json.InvalidUnmarshalError
	var marshaler *json.MarshalerError
	switch {
	case errors.As(err, &marshaler):
		return fmt.Sprintf("the marshaler of %s failed", marshaler.Type)
	case errors.As(err, &syntax):
		return fmt.Sprintf("not valid JSON (at byte %d)", syntax.Offset)
	case errors.As(err, &unfit):
		kind, _, _ := strings.Cut(unfit.Value, " ")
		return fmt.Sprintf("a JSON %s does not fit into %s (at byte %d)", kind, unfit.Type, unfit.Offset)
	case errors.As(err, &unsupportedType):
		return fmt.Sprintf("JSON cannot hold %s", unsupportedType.Type)
	case errors.As(err, &unsupportedValue):
		return "JSON cannot hold a cycle, an infinity or NaN"
	case errors.As(err, &misuse):
		return misuse.Error()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "not valid JSON (it ends too early)"
	default:
		return fmt.Sprintf("%T", err)
	}
}
