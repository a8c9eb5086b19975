package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a decoded JSON object. Its names are matched exactly, unlike a
// struct's: Edusign's "ID" is another field than "id". Of a name that stands
// twice the last value counts, as in most parsers. Numbers are json.Number.
type object map[string]any

// object returns the object below a name; nil, which reads as empty, if there
// is none.
func (o object) object(name string) object {
	v, _ := o[name].(map[string]any)
	return v
}

// text returns the first of the names that holds a string or a number, as it
// was written. Empty strings don't count.
func (o object) text(names ...string) string {
	for _, name := range names {
		if s := text(o[name]); s != "" {
			return s
		}
	}
	return ""
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// builder builds values from the tokens of a body.
type builder struct {
	body   bytes.Buffer
	tokens jsontext.Decoder
}

var builders = sync.Pool{New: func() any { return new(builder) }}

// members names those of an object's members that are read, each with those of
// its own. Nil names all: what a payload has besides may be much.
type members map[string]members

// build reads one JSON value, of an outermost object only some members.
func build(body []byte, only members) (any, error) {
	b := builders.Get().(*builder)
	defer b.release()
	b.body = *bytes.NewBuffer(body)
	b.tokens.Reset(&b.body, tolerant...)
	v, err := b.value(only)
	if err != nil {
		return nil, err
	}
	if _, err := b.tokens.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return v, nil
}

// release gives a builder back without the body that it read.
func (b *builder) release() {
	b.body = bytes.Buffer{}
	b.tokens.Reset(&b.body)
	builders.Put(b)
}

func (b *builder) value(only members) (any, error) {
	t, err := b.tokens.ReadToken()
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
		return json.Number(t.String()), nil
	case jsontext.KindBeginArray:
		return b.array()
	}
	return b.object(only)
}

func (b *builder) array() ([]any, error) {
	list := []any{}
	for b.tokens.PeekKind() != jsontext.KindEndArray {
		v, err := b.value(nil)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := b.tokens.ReadToken()
	return list, err
}

func (b *builder) object(only members) (map[string]any, error) {
	object := map[string]any{}
	name := make([]byte, 0, 64) // used again, for most are only passed by
	for b.tokens.PeekKind() != jsontext.KindEndObject {
		quoted, err := b.tokens.ReadValue()
		if err != nil {
			return nil, err
		}
		// What isn't UTF-8 is replaced, as in every other text.
		name, _ = jsontext.AppendUnquote(name[:0], quoted)
		below, named := only[string(name)]
		if only != nil && !named {
			if _, err := b.tokens.ReadValue(); err != nil {
				return nil, err
			}
			continue
		}
		if object[string(name)], err = b.value(below); err != nil {
			return nil, err
		}
	}
	_, err := b.tokens.ReadToken()
	return object, err
}
