package sidecar

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// haveSameValue reports whether two JSON texts have the same value, as the sidecar compares flash messages. Unlike the sidecar, it compares
// texts with escaped surrogates byte by byte, because encoding/json replaces those that stand alone.
func haveSameValue(one, other []byte) bool {
	if bytes.Equal(one, other) {
		return true
	}
	first, isFirst := parseExactly(one)
	second, isSecond := parseExactly(other)
	return isFirst && isSecond && isSameValue(first, second)
}

func parseExactly(text []byte) (value any, ok bool) {
	if !utf8.Valid(text) || bytes.Contains(bytes.ToLower(text), []byte(`\ud`)) {
		return nil, false
	}
	return value, unmarshalWithNumbers(text, &value) == nil
}

func isSameValue(one, other any) bool {
	switch one := one.(type) {
	case map[string]any:
		other, ok := other.(map[string]any)
		return ok && maps.EqualFunc(one, other, isSameValue)
	case []any:
		other, ok := other.([]any)
		return ok && slices.EqualFunc(one, other, isSameValue)
	case json.Number:
		other, ok := other.(json.Number)
		return ok && decimalOf(one) == decimalOf(other)
	default:
		return one == other
	}
}

// decimal is a number: its digits without zeros around them, times a power of 10. Equal numbers have equal decimals.
type decimal struct {
	digits   string // with a minus; empty for 0
	power    int64
	unparsed string // a number whose exponent is too large is only equal to itself
}

func decimalOf(number json.Number) decimal {
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(string(number)), "e")
	mantissa, isNegative := strings.CutPrefix(mantissa, "-")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return decimal{}
	}
	var power int64
	if hasExponent {
		var err error
		if power, err = strconv.ParseInt(exponent, 10, 56); err != nil {
			return decimal{unparsed: string(number)}
		}
	}
	power += int64(len(digits) - len(significant) - len(fraction))
	if isNegative {
		significant = "-" + significant
	}
	return decimal{digits: significant, power: power}
}
