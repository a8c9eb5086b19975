package rules

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
)

func FuzzDecode(f *testing.F) {
	for _, s := range []string{payload, `{"a":[1.5,1e999,null]}`, `[[[[]]]]`, `{}x`, "\xff", `"\ud800"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := Decode(b)
		if err == nil && !json.Valid(b) {
			t.Errorf("%q is no JSON and gives %v", b, v)
		}
		if err == nil && strings.Contains(string(b), "e") { // infinities can't be written
			return
		}
		if out, encErr := encode(start(), v); err == nil && encErr == nil {
			if again, err := Decode(out); err != nil || !start().equal(v, again) {
				t.Errorf("%q becomes %q: %v", b, out, err)
			}
		}
	})
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
