package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// payloadDepth is how deep a payload may be nested.
	payloadDepth = 1000
	// integerDigits bounds what is kept as a big.Int. Longer integers are
	// beyond float64's range anyway, and slow to convert.
	integerDigits = 400
)

var (
	errNotJSON = errors.New("not JSON")
	errNested  = fmt.Errorf("the JSON is nested deeper than %d levels", payloadDepth)
)

// Decode turns one JSON value into map[string]any, []any, string, bool, nil
// and numbers that keep their digits: an integer is an int64, else a uint64,
// else a *big.Int; any other number a float64, infinite beyond its range. Of a
// name that stands twice the last value counts, and what is no Unicode becomes
// U+FFFD. Whatever follows the value is an error, and so is nesting deeper
// than 1000. Errors tell the place, never the content.
func Decode(b []byte) (any, error) { return decode(b, nil) }

// decode leaves out the members of an outermost object that aren't among
// only, unless that is nil. It checks them all the same.
func decode(b []byte, only []string) (any, error) {
	d := decoders.Get().(*decoder)
	defer d.release()
	d.text = *bytes.NewBuffer(b)
	d.tokens.Reset(&d.text, tolerant...)
	v, err := d.value(0, only)
	if err != nil {
		return nil, atByte(err, d.tokens.InputOffset())
	}
	end := d.tokens.InputOffset()
	if _, err := d.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: more than one value, from byte %d", errNotJSON, end)
	}
	return v, nil
}

func atByte(err error, offset int64) error {
	var syntax *jsontext.SyntacticError
	switch {
	case errors.Is(err, errNested):
		return err
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%w: it ends too early", errNotJSON)
	case errors.As(err, &syntax):
		offset = syntax.ByteOffset + 1
	}
	return fmt.Errorf("%w: wrong at byte %d", errNotJSON, offset)
}

// decoder builds values from the tokens of a text.
type decoder struct {
	text   bytes.Buffer
	tokens jsontext.Decoder
}

var decoders = sync.Pool{New: func() any { return new(decoder) }}

// tolerant are the options for JSON as strangers write it.
var tolerant = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// release gives a decoder back without the text that it read.
func (d *decoder) release() {
	d.text = bytes.Buffer{}
	d.tokens.Reset(&d.text)
	decoders.Put(d)
}

// value reads one value that stands inside of depth others.
func (d *decoder) value(depth int, only []string) (any, error) {
	t, err := d.tokens.ReadToken()
	if err != nil {
		return nil, err
	}
	switch t.Kind() {
	case jsontext.KindNull:
		return nil, nil
	case jsontext.KindTrue, jsontext.KindFalse:
		return t.Bool(), nil
	case jsontext.KindString:
		return t.String(), nil
	case jsontext.KindNumber:
		return decodeNumber(t), nil
	}
	if depth == payloadDepth {
		return nil, errNested
	}
	if t.Kind() == jsontext.KindBeginArray {
		return d.array(depth + 1)
	}
	return d.object(depth+1, only)
}

func (d *decoder) array(depth int) ([]any, error) {
	list := []any{}
	for d.tokens.PeekKind() != jsontext.KindEndArray {
		v, err := d.value(depth, nil)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.tokens.ReadToken()
	return list, err
}

func (d *decoder) object(depth int, only []string) (map[string]any, error) {
	members := map[string]any{}
	for d.tokens.PeekKind() != jsontext.KindEndObject {
		t, err := d.tokens.ReadToken()
		if err != nil {
			return nil, err
		}
		name := t.String()
		if only != nil && !slices.Contains(only, name) {
			if _, err := d.tokens.ReadValue(); err != nil {
				return nil, err
			}
			continue
		}
		if members[name], err = d.value(depth, nil); err != nil {
			return nil, err
		}
	}
	_, err := d.tokens.ReadToken()
	return members, err
}

// decodeNumber doesn't copy the text of an integer, which most numbers are.
func decodeNumber(t jsontext.Token) any {
	whole := len(t.String()) <= integerDigits && !strings.ContainsAny(t.String(), ".eE")
	if whole {
		if i, err := strconv.ParseInt(t.String(), 10, 64); err == nil {
			return i
		}
	}
	s := t.String()
	if whole {
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
