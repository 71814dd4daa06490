package sidecar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
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
	if err := json.Unmarshal(text, into); err != nil {
		return &Error{Code: CodeValueUnreadable, message: fmt.Sprintf("cannot read %s: %s", place, withoutContent(err))}
	}
	return nil
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
	default:
		return fmt.Sprintf("%T", err)
	}
}
