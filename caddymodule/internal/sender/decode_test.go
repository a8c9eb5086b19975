package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// reference decodes a body in a simpler, slower way.
func reference(body []byte) (any, error) {
	body = Trim(body)
	switch {
	case len(body) == 0:
		return nil, errEmpty
	case !utf8.Valid(body):
		return nil, errUTF8
	}
	depth := 0
	for _, c := range quoted.ReplaceAll(body, nil) {
		switch c {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if depth > maxDepth {
			return nil, errDepth
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, errNotJSON
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errNotJSON
	}
	return v, nil
}

// quoted is a string, or what begins as one.
var quoted = regexp.MustCompile(`(?s)"(?:\\.|[^"\\])*"?`)

func FuzzDecode(f *testing.F) {
	seed := []string{
		``, ` `, "\xef\xbb\xbf{}", `{"id":1}{}`, `{"id":1}x`, `{"id":`, `{"id":1,}`, `{"id":01}`, `{"id":"\ud800","\u0069d":2}`, `[{"id":1}]`,
		`7`, `"a\"b\\"`, "\"\x01\"", "{\"\xff\":1}", `{"type":{"id":[1.50,-0,1e999,null,true,false]},"id":12345678901234567890123}`,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth), strings.Repeat("[", maxDepth+1),
		strings.Repeat(`{"id":`, maxDepth) + "0" + strings.Repeat("}", maxDepth), `"` + strings.Repeat(`[\"`, maxDepth+1) + `"`,
		`{"type":{"id":{"id":1},"x":[{}]},"x":{"id":2}}`, `{"type":[{"x":1}],"id":{"x":1}}`,
		strings.Repeat("[]", maxDepth), `[` + strings.Repeat("[],", maxDepth) + `[]]`,
	}
	for _, s := range seed {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		want, wantErr := reference(body)
		if err := wellFormed(body); !errors.Is(err, wantErr) {
			t.Errorf("%q: %v, not %v", body, err, wantErr)
		}
		whole, isObject := want.(map[string]any)
		if !isObject && wantErr == nil {
			wantErr = errObject
		}
		got, err := decodeObject(body, nil)
		if !errors.Is(err, wantErr) || wantErr == nil && !reflect.DeepEqual(got, object(whole)) {
			t.Errorf("%q: %v, %v, not %v, %v", body, got, err, whole, wantErr)
		}
		only := members{"id": nil, "type": {"id": nil}}
		remove(whole, only)
		got, err = decodeObject(body, only)
		if !errors.Is(err, wantErr) || wantErr == nil && !reflect.DeepEqual(got, object(whole)) {
			t.Errorf("%v of %q: %v, %v, not %v, %v", only, body, got, err, whole, wantErr)
		}
		if wantErr == nil {
			var tokens bytes.Buffer
			if err := json.Compact(&tokens, Trim(body)); err != nil || !bytes.Equal(compact(body), tokens.Bytes()) {
				t.Errorf("%q: compact it is %s, not %s", body, compact(body), &tokens)
			}
		}
	})
}

// remove takes out what isn't named.
func remove(o map[string]any, only members) {
	for name, v := range o {
		below, named := only[name]
		if !named {
			delete(o, name)
		} else if nested, isObject := v.(map[string]any); isObject && below != nil {
			remove(nested, below)
		}
	}
}

func TestCompactingLeavesEveryTokenAndTheBodyAlone(t *testing.T) {
	const body = " {\"b\" : 1.50,\n\"a\":[ 1e3,-0 , 9007199254740993,\"\\u00e9\\/\\ud800<\",\"é\" ],\"b\":0.0 }\n"
	const want = `{"b":1.50,"a":[1e3,-0,9007199254740993,"\u00e9\/\ud800<","é"],"b":0.0}`
	sent := []byte(body)
	if got := compact(sent); string(got) != want || string(sent) != body {
		t.Errorf("%s, and the body is %q", got, sent)
	}
}
