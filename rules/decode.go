package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
)

const (
	// payloadDepth is how deep a payload may be nested.
	payloadDepth = 1000
	// integerDigits bounds what is kept as a big.Int. Longer integers are
	// beyond float64's range anyway, and slow to convert.
	integerDigits = 400
)

var errNotJSON = errors.New("not JSON")

// Decode turns one JSON value into map[string]any, []any, string, bool, nil
// and numbers that keep their digits: an integer is an int64, else a uint64,
// else a *big.Int; any other number a float64, infinite beyond its range.
// Whatever follows the value is an error, and so is nesting deeper than 1000.
// Errors tell the place, never the content.
func Decode(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return nil, atByte(err, dec.InputOffset())
	}
	end := dec.InputOffset()
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more than one value, from byte %d", errNotJSON, end)
	}
	return numbers(v, 0)
}

func atByte(err error, offset int64) error {
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		offset = syntax.Offset
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends too early", errNotJSON)
	}
	return fmt.Errorf("%w: wrong at byte %d", errNotJSON, offset)
}

// numbers replaces each json.Number in v.
func numbers(v any, depth int) (any, error) {
	var err error
	switch v := v.(type) {
	case json.Number:
		return decodeNumber(v.String()), nil
	case []any, map[string]any:
		if depth == payloadDepth {
			return nil, fmt.Errorf("the JSON is nested deeper than %d levels", payloadDepth)
		}
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			if v[i], err = numbers(v[i], depth+1); err != nil {
				return nil, err
			}
		}
	case map[string]any:
		for k := range v {
			if v[k], err = numbers(v[k], depth+1); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

func decodeNumber(s string) any {
	if !strings.ContainsAny(s, ".eE") && len(s) <= integerDigits {
		if i, err := strconv.ParseInt(s, 10, 64); err == nil {
			return i
		}
		if u, err := strconv.ParseUint(s, 10, 64); err == nil {
			return u
		}
		if i, ok := new(big.Int).SetString(s, 10); ok {
			return i
		}
	}
	f, _ := strconv.ParseFloat(s, 64) // out of range gives an infinity
	return f
}
