package rules

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func mustCompile(t testing.TB, defaults []string, rules ...Rule) *Set {
	t.Helper()
	s, err := Compile(Config{Rules: rules, Default: defaults, Backends: []string{"crm", "billing", "lms"}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func to(backends ...string) []string { return backends }

// sends is a decision in short: "crm<rule=data".
func sends(d Decision) string {
	var parts []string
	for _, s := range d.Sends {
		part := s.Backend + "<" + s.Rule
		if s.Data != nil {
			part += "=" + string(s.Data)
		}
		parts = append(parts, part)
	}
	if d.Dropped {
		parts = append(parts, "dropped")
	}
	return strings.Join(parts, " ")
}

var (
	matches  = `type == "payment.received"`
	unlike   = `type == "ping"`
	failsNow = `int(original.s) == 1`
)

func TestDecide(t *testing.T) {
	for name, c := range map[string]struct {
		defaults []string
		rules    []Rule
		want     string
		failed   int
	}{
		"no rule":                              {},
		"only the default":                     {defaults: to("crm"), want: "crm<"},
		"a rule":                               {rules: []Rule{{Name: "a", When: matches, To: to("crm", "lms")}}, want: "crm<a lms<a"},
		"the default is for what no rule took": {to("lms"), []Rule{{Name: "a", When: unlike, To: to("crm")}}, "lms<", 0},
		"not for what one took":                {to("lms"), []Rule{{Name: "a", When: matches, To: to("crm")}}, "crm<a", 0},
		"a backend gets it once, by the first rule": {nil, []Rule{
			{Name: "no", When: unlike, To: to("crm"), Transform: `0`},
			{Name: "a", When: matches, To: to("crm"), Transform: `1`},
			{Name: "b", When: matches, To: to("billing", "crm"), Transform: `2`},
			{Name: "c", When: matches, To: to("lms", "billing")},
		}, "crm<a=1 billing<b=2 lms<c", 0},
		"the first rule decides even without a transform": {nil, []Rule{
			{Name: "a", When: matches, To: to("crm")},
			{Name: "b", When: matches, To: to("crm"), Transform: `int(original.s)`},
		}, "crm<a", 0},
		"drop wins": {to("lms"), []Rule{
			{Name: "a", When: matches, To: to("crm")}, {Name: "b", When: matches, Drop: true},
		}, "dropped", 0},
		"drop wins over a failure": {to("lms"), []Rule{
			{Name: "a", When: failsNow, To: to("crm")}, {Name: "b", When: matches, Drop: true},
		}, "dropped", 1},
		"a drop that doesn't match": {to("lms"), []Rule{{Name: "b", When: unlike, Drop: true}}, "lms<", 0},
		"a failed rule": {to("lms"), []Rule{
			{Name: "a", When: matches, To: to("crm")}, {Name: "b", When: failsNow, To: to("billing")}, {Name: "c", When: failsNow, Drop: true},
		}, "", 2},
		"a failed transform": {to("lms"), []Rule{
			{Name: "a", When: matches, To: to("crm")}, {Name: "b", When: matches, To: to("billing"), Transform: `date(original.s)`},
		}, "", 1},
	} {
		d := mustCompile(t, c.defaults, c.rules...).Decide(sample(t))
		if got := sends(d); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if len(d.Failed()) != c.failed || len(d.Verdicts) != len(c.rules) {
			t.Errorf("%s: failed %q, verdicts %v", name, d.Failed(), d.Verdicts)
		}
	}
}

func TestVerdictsAndReasons(t *testing.T) {
	d := mustCompile(t, nil,
		Rule{Name: "a", When: matches, To: to("crm")},
		Rule{Name: "b", When: unlike, To: to("crm")},
		Rule{Name: "c", When: `original.s`, To: to("crm"), At: Position{"x.rules", 7, 10}},
	).Decide(sample(t))
	if !d.Verdicts[0].Matched || d.Verdicts[1].Matched || d.Verdicts[2].Matched {
		t.Errorf("%v", d.Verdicts)
	}
	want := []string{"rule c failed: a condition gives a text, not true or false (compare it with something), at x.rules:7:10"}
	if got := d.Failed(); !reflect.DeepEqual(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestATransformIsJSON(t *testing.T) {
	for transform, want := range map[string]string{
		`{"b": original.id, "a": original.big, "u": original.unsigned}`: `{"a":123456789012345678901234567890,"b":9007199254740993,"u":18446744073709551615}`,
		`{"big": original.big ?? 0}`:                                    `{"big":123456789012345678901234567890}`,
		`received`:                                                      `"2026-11-21T02:27:00Z"`,
		`received - date("2026-11-21")`:                                 `"2h27m0s"`,
		`"<a href='x'>&</a>"`:                                           `"<a href='x'>&</a>"`,
		`original.nope`:                                                 `null`,
		`original.items`:                                                `[{"n":"x","p":1},{"n":"y","p":2}]`,
		`data`:                                                          `{"student":{"id":"5","email":"A@b.c"},"payment":{"amount":1000.5}}`,
		`{"s": data.student, "c": data.course}`:                         `{"c":{},"s":{"id":"5","email":"A@b.c"}}`,
		`groupBy(original.items, .p)`:                                   `{"1":[{"n":"x","p":1}],"2":[{"n":"y","p":2}]}`,
		`[1, 1.5, true, nil, "x", [], {}]`:                              `[1,1.5,true,null,"x",[],{}]`,
		`changed`:                                                       `["name"]`,
		`headers`:                                                       `{"X-Github-Event":"push"}`,
		`toPairs(original.m)`:                                           `[["a",2],["z",1]]`,
	} {
		d := mustCompile(t, nil, Rule{Name: "r", When: "true", To: to("crm"), Transform: transform}).Decide(sample(t))
		if got := sends(d); got != "crm<r="+want {
			t.Errorf("%s: %s %v, want %s", transform, got, d.Failed(), want)
		}
	}
	for _, transform := range []string{`1 / 0`, `[0 / 0]`, `{"a": float("Inf")}`, `timezone("Europe/Paris")`} {
		d := mustCompile(t, to("lms"), Rule{Name: "r", When: "true", To: to("crm"), Transform: transform}).Decide(sample(t))
		if len(d.Sends) > 0 || len(d.Failed()) != 1 {
			t.Errorf("%s: %q, failed %q", transform, sends(d), d.Failed())
		}
	}
}

func TestTheSameEventGetsTheSameDecision(t *testing.T) {
	s := mustCompile(t, nil,
		Rule{Name: "order", When: `keys(original.m)[0] == "a" && values(original.m)[0] == 2`, To: to("crm"), Transform: `toJSON(original) + string(original.m) + string(headers)`},
		Rule{Name: "long", When: `all(1..200, all(1..100, # > 0))`, To: to("lms")},
	)
	first := s.Decide(sample(t))
	var wg sync.WaitGroup
	for range 8 {
		env := sample(t)
		env.Time = time.Now() // a monotonic reading must not show
		wg.Go(func() {
			for range 5 {
				if got := s.Decide(env); sends(got) != sends(first) {
					t.Errorf("%s, before %s", sends(got), sends(first))
				}
			}
		})
	}
	wg.Wait()
}

func TestARuleThatDoesNotMatchAllocatesNothing(t *testing.T) {
	env := sample(t)
	for _, when := range []string{
		unlike, `type startsWith "enrollment."`, `data.payment.amount >= 5000 && data.student.id == "x"`,
		`type in ["a", "b"]`, `len(changed) > 3`, `original.amount > 100`, `original.a.b[0].c == 8`, `sender matches "^x"`, `"x" in changed`,
	} {
		p, problem := compile(source{text: when}, eventScope{})
		if problem != nil {
			t.Fatal(problem)
		}
		r := newRun()
		scope := env.scope(r)
		u := rule{when: p}
		if n := testing.AllocsPerRun(100, func() {
			if v := u.judge(r, scope); v.Matched || v.Err != nil {
				t.Errorf("%s: %v", when, v)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", when, n)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rules := make([]Rule, n)
			for i := range rules {
				when := fmt.Sprintf(`type == "type.%d" && data.payment.amount >= 1000`, i)
				rules[i] = Rule{Name: fmt.Sprint(i), When: when, To: to("crm")}
			}
			s, env := mustCompile(b, nil, rules...), sample(b)
			b.ReportAllocs()
			for b.Loop() {
				s.Decide(env)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/rule")
		})
	}
}
