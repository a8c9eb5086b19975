package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
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

// tolerant is how JSON is read: names may stand twice, and half of an escaped
// surrogate pair is no error.
var tolerant = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// decodeObject decodes a body that must be one JSON object, with or without a
// byte order mark. Members that aren't among those named are checked and left out.
func decodeObject(body []byte, only members) (object, error) {
	body, err := readable(body)
	if err != nil {
		return nil, err
	}
	v, err := build(body, only)
	if err != nil {
		return nil, errNotJSON
	}
	o, ok := v.(map[string]any)
	if !ok {
		return nil, errObject
	}
	return o, nil
}

// wellFormed tells why a body is not one JSON value, with or without a byte
// order mark.
func wellFormed(body []byte) error {
	body, err := readable(body)
	if err == nil && !jsontext.Value(body).IsValid(tolerant...) {
		return errNotJSON
	}
	return err
}

// readable returns what may be JSON of a body that a decoder may be let loose on.
func readable(body []byte) ([]byte, error) {
	body = Trim(body)
	switch {
	case len(body) == 0:
		return nil, errEmpty
	case !utf8.Valid(body):
		return nil, errUTF8
	case deep(body):
		return nil, errDepth
	}
	return body, nil
}

// Trim takes away a byte order mark and the white space around a body.
func Trim(body []byte) []byte {
	return bytes.Trim(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), " \t\r\n")
}

// deep tells whether brackets outside of strings nest beyond maxDepth.
func deep(body []byte) bool {
	if bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) <= maxDepth {
		return false
	}
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
	v := jsontext.Value(Trim(body)).Clone()
	if v.Compact() != nil {
		return json.RawMessage("null")
	}
	return json.RawMessage(v)
}
