package rules

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// large is a payload near the limit of a request: 2,000 items, a long text and
// a deep nest.
func large() *Env {
	items := make([]any, 2000)
	for i := range items {
		items[i] = map[string]any{"n": int64(i), "name": strings.Repeat("n", 50)}
	}
	var deep any = "end"
	for range payloadDepth {
		deep = []any{deep}
	}
	return &Env{
		Type: strings.Repeat("t", 1<<20),
		Original: map[string]any{
			"items": items, "text": strings.Repeat("ab", 1<<19), "same": strings.Repeat("ab", 1<<19), "deep": deep,
		},
	}
}

// endless are expressions that would run for seconds or fill the memory.
var endless = []string{
	`all(original.items, all(original.items, all(original.items, true)))`,
	`all(original.items, all(original.items, none([], true) && none([], true) && none([], true)))`,
	`all(original.items, let a = #; all(original.items, .name != a.nope && .name + "x" != a.name))`,
	`all(original.items, not (original.text contains "bbb"))`,
	`all(original.items, original.text == original.same)`,
	`all(original.items, type == type)`,
	`all(original.items, all(original.items, not (original.text in ["a", "b"])))`,
	`all(original.items, not ({"n": 1} in original.items))`,
	`all(original.items, original.text <= original.same)`,
	`original.text matches "(a|b|ab|ba)*c$"`,
	`type matches "(t?){200}x$"`,
	`len(1..1000000000) > 0`,
	`len(1..original.items[1999].n * 1000000) > 0`,
	`len(map(1..250000, map(1..250000, #))) > 0`,
	`len(repeat(original.text, 1000000)) > 0`,
	`len(repeat("a", 9223372036854775807)) > 0`,
	`len(replace(original.text, "", original.text)) > 0`,
	`len(join(map(1..100000, original.text), ",")) > 0`,
	`len(join(map(1..1000, "a"), original.text)) > 0`,
	`let a = original.text + original.text; let b = a + a; let c = b + b; let d = c + c; let e = d + d; len(e + e) > 0`,
	`len(reduce(1..64, #acc + #acc, "aaaa")) > 0`,
	`let s = type + type; let a = s + s; let b = a + a; let c = b + b; len(c + c + c + c) > 0`,
	`len(reduce(1..64, concat(#acc, #acc), [1])) > 0`,
	`max(reduce(1..64, [#acc, #acc], 1)) > 0`,
	`len(flatten(reduce(1..64, [#acc, #acc], 1))) > 0`,
	`len(string(reduce(1..64, [#acc, #acc], 1))) > 0`,
	`len(toJSON(reduce(1..64, [#acc, #acc], 1))) > 0`,
	`reduce(1..64, [#acc, #acc], 1) == reduce(1..64, [#acc, #acc], 1)`,
	`string(reduce(1..100000, [#acc], 1)) == ""`,
	`len(uniq(map(1..100000, #))) > 0`,
	`len(sort(map(1..200000, -#))) > 0`,
	`len(sortBy(1..250000, -#)) > 0`,
	`len(reduce(1..64, toBase64(#acc), original.text)) > 0`,
	`len(map(1..200000, { {"a": [1, 2], "b": #} })) > 0`,
	`all(original.items, len(received.Format(original.text)) > 0)`,
	`all(1..100000, date("2026-01-02", "2006-01-02", "Europe/Paris") != time)`,
	`all(1..100000, len(split(original.text, "")) > 0)`,
	`all(1..250000, keys(original.items[0])[0] == "n" && values(original.items[0])[0] != #)`,
}

func TestARunawayRuleStops(t *testing.T) {
	stops(t, large(), endless)
	stops(t, costly(), dear)
}

// stops holds expressions against the bounds of time and memory.
func stops(t *testing.T, env *Env, texts []string) {
	t.Helper()
	for _, text := range texts {
		p, problem := compile(source{rule: "runaway", text: text}, eventScope{})
		if problem != nil {
			t.Errorf("%s: %v", text, problem)
			continue
		}
		r := newRun()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		err := p.run(r, env.scope(r), func(any) error { return nil })
		took := time.Since(began)
		runtime.ReadMemStats(&after)
		used := (after.TotalAlloc - before.TotalAlloc) >> 20
		t.Logf("%8s %4d MB  %s", took.Round(100*time.Microsecond), used, text)
		var why *Error
		if !errors.As(err, &why) || why.Message != errBudget.message && why.Message != errDepth.message {
			t.Errorf("%s: ended with %v", text, err)
		}
		// Far above the 20 ms that it should take, for the sake of slow machines
		// and the race detector; without bounds it is seconds or more.
		if took > 2*time.Second || used > 200 {
			t.Errorf("%s: took %v and %d MB", text, took, used)
		}
	}
}

func TestARegularExpressionAtItsLimitIsFast(t *testing.T) {
	for _, re := range []string{`(a|b|ab|ba)*c$`, `(a?){100}(b?){100}$x`, `^[^@]+@[^@]+$`, `(?i)total:\s*(\d+)`, `a.{500}c`} {
		p, problem := compile(source{text: `original matches "` + strings.ReplaceAll(re, `\`, `\\`) + `"`}, eventScope{})
		if problem != nil {
			t.Fatal(problem)
		}
		longest, took := 0, time.Duration(0)
		for n := 1 << 20; n > 0; n -= n/10 + 1 {
			r := newRun()
			began := time.Now()
			err := p.run(r, (&Env{Original: strings.Repeat("ab", n/2)}).scope(r), func(any) error { return nil })
			if err == nil {
				longest, took = n, time.Since(began)
				break
			}
		}
		t.Logf("%s: %d bytes in %v", re, longest, took)
		if longest < 500 || took > 2*time.Second {
			t.Errorf("%s: %d bytes in %v", re, longest, took)
		}
	}
}
