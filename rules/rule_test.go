package rules

import (
	"errors"
	"strings"
	"testing"
)

func pay(when string) Config {
	return Config{Backends: []string{"crm", "billing"}, Rules: []Rule{{
		Name: "payments", When: when, To: []string{"crm"}, At: Position{"rules/pay.rules", 3, 28},
	}}}
}

func TestAnErrorPointsIntoTheFile(t *testing.T) {
	_, err := Compile(pay(`data.studnt.id == "1"`))
	want := "rules/pay.rules:3:33: rule payments: unknown name studnt (did you mean student?)\n" +
		" | data.studnt.id == \"1\"\n" +
		" | .....^"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
	_, err = Compile(pay("type ==\n  \"a\" && tpe == 1"))
	want = "rules/pay.rules:4:10: rule payments: unknown name tpe (did you mean type?)\n" +
		" |   \"a\" && tpe == 1\n" +
		" | .........^"
	if err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
	c := pay(`tpe`)
	c.Rules[0].At = Position{}
	_, err = Compile(c)
	if want := "rule payments: unknown name tpe (did you mean type?)\n | tpe\n | ^"; err == nil || err.Error() != want {
		t.Errorf("%v, want\n%s", err, want)
	}
}

func TestACondition(t *testing.T) {
	for when, want := range map[string]string{
		// names
		`data.student.mail == ""`:           "unknown name mail (did you mean email?)",
		`data.payment.amont > 1`:            "unknown name amont (did you mean amount?)",
		`data["studnt"].id == ""`:           "unknown name studnt (did you mean student?)",
		`previous.qxyz.id == ""`:            "unknown name qxyz",
		`sendr == "x"`:                      "unknown name sendr (did you mean sender?)",
		`lowr(type) == "x"`:                 "unknown name lowr (did you mean lower?)",
		`any(changed, staartsWith(#, "x"))`: "unknown name staartsWith",
		`let course = 1; coarse == 1`:       "unknown name coarse (did you mean course?)",
		`Env.Type == ""`:                    "unknown name Env",
		`Run == 1`:                          "unknown name Run",
		`$env.type == "x"`:                  "unknown name $env (use the names themselves",
		`all([1], #run.Step(1))`:            "unknown pointer #run",

		// what has no bound or depends on more than the event
		`now() > received`:                              "use received, when the event came in",
		`received.Local() == time`:                      "the machine's own time zone can't be used",
		`type matches sender`:                           "a regular expression must stand in the rule itself",
		`original.f()`:                                  "this is not a function",
		`original(1)`:                                   "this is not a function",
		`"student" in data`:                             "in doesn't work with an entity",
		strings.Repeat("(", 20_000):                     "it is longer than 16384 bytes",
		`true` + strings.Repeat(` && type == ""`, 1000): "exceeds maximum allowed nodes",

		// kinds
		`type`:             "the condition gives a text, not true or false",
		`data.student`:     "the condition gives an entity, not true or false",
		`1`:                "the condition gives a number, not true or false",
		`type == 5`:        "mismatched types string and int",
		`all(type, true)`:  "takes only array",
		`data.student > 1`: "mismatched types Person and int",

		// text that is no expression
		`type +`:           "unexpected token EOF",
		`type matches "("`: "missing closing",
		``:                 "it has no condition (write one, such as true)",
		" \n":              "it has no condition",
		`all([1 / 0], true) && all([1 / 0], true)`: "it can't be compiled",
	} {
		_, err := Compile(pay(when))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80s: %v, want %s", when, err, want)
		}
	}
	for _, when := range []string{`true`, `original.flag`, `original.a ?? false`, `type == "a" ? true : original.b`} {
		if _, err := Compile(pay(when)); err != nil {
			t.Errorf("%s: %v", when, err)
		}
	}
}

func TestAllProblemsAreReported(t *testing.T) {
	_, err := Compile(Config{
		Backends: []string{"crm", "billing"},
		Default:  []string{"cmr", "billing", "billing"},
		Rules: []Rule{
			{Name: "a", When: "true", To: []string{"crm"}},
			{Name: "a", When: "tru", To: []string{"biling"}},
			{Name: " ", When: "true", To: []string{"crm", "crm"}},
			{Name: "b", When: "true"},
			{Name: "c", When: "true", To: []string{"crm"}, Drop: true},
			{Name: "d", When: "true", Drop: true, Transform: "1"},
			{Name: "e", When: "", To: []string{"elsewhere"}, Transform: "dta", TransformAt: Position{"f", 9, 2}},
		},
	})
	want := []string{
		`rule a: there is another rule of this name (give each rule a name of its own)`,
		`rule a: it names the unknown backend "biling" (did you mean billing?)`,
		`rule a: unknown name tru (did you mean true?)` + "\n | tru\n | ^",
		`a rule has no name (put one before its condition)`,
		`it names the backend "crm" twice (name it once)`,
		`rule b: it names no backend (name one, or write drop)`,
		`rule c: it drops events and sends them too (leave out either drop or the backends)`,
		`rule d: it drops events and has a transform (leave out either drop or the transform)`,
		`rule e: it names the unknown backend "elsewhere" (known are: crm, billing)`,
		`rule e: it has no condition (write one, such as true)`,
		`f:9:2: rule e: unknown name dta (did you mean data?)` + "\n | dta\n | ^",
		`default names the unknown backend "cmr" (did you mean crm?)`,
		`default names the backend "billing" twice (name it once)`,
	}
	var all Errors
	if !errors.As(err, &all) || len(all) != len(want) || len(all.Unwrap()) != len(want) {
		t.Fatalf("%v", err)
	}
	if got := all.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
