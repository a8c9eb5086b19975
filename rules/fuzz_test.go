package rules

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/big"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// FuzzDecode holds Decode against encoding/json, and a part of a payload
// against the whole.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		payload, `{"a":[1.5,1e999,null]}`, `[[[[]]]]`, `{}x`, "\xff", `"\ud800"`, "{\"\xff\":1,\"\xfe\":\"a\xc3\"}",
		`{"a":1,"a":{"b":2},"\u0061":3}`, `{"a":1,}`, `{"id":[1,{"x":`, "\ufeff1", `{"id":1}]`, `-0`, `18446744073709551616`,
		strings.Repeat(`{"a":`, payloadDepth) + "[]" + strings.Repeat("}", payloadDepth),
		`{"id":1,"` + strings.Repeat("{", payloadDepth) + `":2}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b)
		want, ok := reference(b)
		if ok != (err == nil) || !reflect.DeepEqual(v, want) {
			t.Errorf("%q gives %v, %v, not %v", b, v, err, want)
		}
		for _, p := range []Part{{members: []string{"a", "id"}}, {members: []string{""}}} {
			part, partErr := p.Decode(b)
			if (partErr == nil) != (err == nil) || !reflect.DeepEqual(part, p.of(v, b)) {
				t.Errorf("%v of %q gives %v, %v, not of %v, %v", p.members, b, part, partErr, v, err)
			}
		}
		if err == nil && unwritable.Match(b) {
			return
		}
		if out, encErr := encode(start(), v); err == nil && encErr == nil {
			if again, err := Decode(out); err != nil || !start().equal(v, again) {
				t.Errorf("%q becomes %q: %v", b, out, err)
			}
		}
	})
}

// unwritable are numbers that may be infinite, and fractions so large that
// they are written as another integer.
var unwritable = regexp.MustCompile(`[0-9][eE]|[0-9]{16}\.`)

// reference is Decode in a simpler, slower way.
func reference(b []byte) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var v any
	if dec.Decode(&v) != nil {
		return nil, false
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, false
	}
	return numbers(v, 0)
}

// numbers replaces each json.Number in v; ok is false where v is too deep.
func numbers(v any, depth int) (_ any, ok bool) {
	switch v := v.(type) {
	case json.Number:
		return number(v.String()), true
	case []any:
		for i := range v {
			if v[i], ok = numbers(v[i], depth+1); !ok {
				return nil, false
			}
		}
		return v, depth < payloadDepth
	case map[string]any:
		for k := range v {
			if v[k], ok = numbers(v[k], depth+1); !ok {
				return nil, false
			}
		}
		return v, depth < payloadDepth
	}
	return v, true
}

func number(s string) any {
	if i, ok := new(big.Int).SetString(s, 10); ok && len(s) <= integerDigits {
		switch {
		case i.IsInt64():
			return i.Int64()
		case i.IsUint64():
			return i.Uint64()
		}
		return i
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// of is the part of v, decoded from b.
func (p Part) of(v any, b []byte) any {
	whole, ok := v.(map[string]any)
	if !ok || brackets(b) > payloadDepth {
		return v
	}
	part := map[string]any{}
	for name, member := range whole {
		if slices.Contains(p.members, name) {
			part[name] = member
		}
	}
	return part
}

// FuzzDecide holds rules of all sorts against any payload: none may panic, and
// no reason may quote it.
func FuzzDecide(f *testing.F) {
	var rules []Rule
	for text := range valueTable {
		rules = append(rules, Rule{Name: text, When: "true", To: to("crm"), Transform: text})
	}
	var sets []*Set
	for _, r := range rules {
		sets = append(sets, mustCompile(f, nil, r))
	}
	x, err := CompileExtract("event_id", `body.a.b[0].c ?? body.id ?? body.items[0].n`, Position{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(payload), "secret5")
	f.Add([]byte(`{"a":"x","amount":"5","id":[],"items":{"p":1},"flag":1,"s":{},"m":[]}`), "")
	f.Add([]byte(`[1,2]`), "x")
	f.Fuzz(func(t *testing.T, b []byte, word string) {
		original, err := Decode(b)
		if err != nil {
			return
		}
		env := &Env{Type: word, Original: original, Changed: []string{word}, Headers: Headers{word: word}, Received: time.Unix(0, 0).UTC()}
		for _, s := range sets {
			d := s.Decide(env)
			if len(d.Sends)+len(d.Failed()) != 1 {
				t.Errorf("%v", d)
			}
			if reasons := strings.Join(d.Failed(), ""); strings.HasPrefix(word, "secret") && strings.Contains(reasons, word) {
				t.Errorf("%s", reasons)
			}
		}
		if _, err := x.Eval(&Request{Body: original}); err != nil {
			t.Error(err)
		}
	})
}

// FuzzCompile compiles any text and runs what compiles: neither may panic, and
// running must end.
func FuzzCompile(f *testing.F) {
	for text := range valueTable {
		f.Add(text)
	}
	for text := range failing {
		f.Add(text)
	}
	for _, text := range endless {
		f.Add(text)
	}
	env := sample(f)
	f.Fuzz(func(t *testing.T, text string) {
		p, problem := compile(source{rule: "fuzz", text: text}, eventScope{})
		if problem != nil {
			_ = problem.Error()
			return
		}
		r := start()
		began := time.Now()
		err := p.run(r, env.scope(r), func(v any) error { _, err := encode(r, v); return err })
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: took %v", text, took)
		}
		if e := (*Error)(nil); err != nil && !errors.As(err, &e) {
			t.Errorf("%s: %v", text, err)
		}
	})
}
