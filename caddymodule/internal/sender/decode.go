package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"unicode/utf8"
)

// maxDepth is how deep a payload may nest; rules and backends walk it too.
const maxDepth = 1000

// Why a body can't be read. They are shown to operators as reasons.
var (
	errEmpty   = errors.New("the body is empty")
	errUTF8    = errors.New("the body is not valid UTF-8")
	errDepth   = errors.New("the body nests deeper than " + strconv.Itoa(maxDepth) + " levels")
	errNotJSON = errors.New("the body is not JSON")
	errObject  = errors.New("the body is not a JSON object")
)

// object is a decoded JSON object. Its names are matched exactly, unlike a
// struct's: Edusign's "ID" is another field than "id". Of a name that stands
// twice the last value counts, as in most parsers. Numbers are json.Number.
type object map[string]any

// decodeObject decodes a body that must be one JSON object.
func decodeObject(body []byte) (object, error) {
	v, err := decode(body)
	if err != nil {
		return nil, err
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errObject
	}
	return o, nil
}

// decode decodes a body that must be one JSON value, with or without a byte
// order mark.
func decode(body []byte) (any, error) {
	body = trim(body)
	switch {
	case len(body) == 0:
		return nil, errEmpty
	case !utf8.Valid(body):
		return nil, errUTF8
	case deep(body):
		return nil, errDepth
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, errNotJSON
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errNotJSON
	}
	return v, nil
}

// trim takes away a byte order mark and the white space around a body.
func trim(body []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// deep tells whether brackets outside of strings nest beyond maxDepth.
func deep(body []byte) bool {
	depth, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return true
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return false
}

// compact returns a JSON body with every token as it was written, and null for
// a body that isn't there.
func compact(body []byte) json.RawMessage {
	var b bytes.Buffer
	if json.Compact(&b, trim(body)) != nil {
		return json.RawMessage("null")
	}
	return b.Bytes()
}

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
