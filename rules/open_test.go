package rules

import (
	"errors"
	"testing"
	"time"
)

const payload = `{"a": {"b": [{"c": 7}]}, "amount": 10.5, "id": 9007199254740993,
	"big": 123456789012345678901234567890, "unsigned": 18446744073709551615,
	"items": [{"p": 1, "n": "x"}, {"p": 2, "n": "y"}], "flag": true, "s": "Str", "m": {"z": 1, "a": 2}}`

func sample(t testing.TB) *Env {
	t.Helper()
	original, err := Decode([]byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return &Env{
		Type: "payment.received", Original: original, Changed: []string{"name"},
		Data:     Data{Student: Person{ID: "5", Email: "A@b.c"}, Payment: Payment{Amount: 1000.5}},
		Headers:  Headers{"X-Github-Event": "push"},
		Received: time.Date(2026, 11, 21, 2, 27, 0, 0, time.UTC),
	}
}

// values are expressions over sample and what they give as text.
var valueTable = map[string]string{
	// typed
	`type`: "payment.received", `data.student.id`: "5", `data.course.name`: "", `previous.attempt.score`: "0",
	`data.payment.amount > 1000`: "true", `data?.student?.id`: "5", `data["student"]["id"]`: "5",
	`data.student == previous.student`: "false", `changed == ["name"]`: "true", `"name" in changed`: "true",
	`received.Format("2006")`: "2026", `received > date("2026-01-01")`: "true", `received - received`: "0s",
	`type in ["a", "payment.received"]`: "true", `type matches "^pay"`: "true", `type not startsWith "pay"`: "false",
	`len(changed)`: "1", `let x = data.student; x.id`: "5", `received`: "2026-11-21T02:27:00Z",

	// any path
	`original.a.b[0].c`: "7", `original["a"]["b"][0]["c"]`: "7", `original.a.b[-1].c`: "7", `original?.a?.b[0]?.c`: "7",
	`let x = original.a; x.b[0].c`: "7", `get(original, "s")`: "Str", `get(original.m, "z")`: "1",

	// what is missing, at any depth, or stands below another kind
	`original.nope`: "", `original.nope.a.b[0].c`: "", `original.a.b[5].c`: "", `original.a.b["c"].d`: "",
	`original.s.x.y`: "", `original.s[0]`: "", `original.amount[0].x`: "", `original.m[0]`: "", `original[nil]`: "",
	`filter(original.items, .p > 5)[0].n`: "", `find(original.items, .p > 5).n`: "", `original.items["p"]`: "",
	`first(original.nope).x`: "", `original.a.b[1.5]`: "", `original.a.b[original.nope]`: "",

	// missing compares false
	`original.nope > 5`: "false", `original.nope < 5`: "false", `original.nope == 5`: "false", `original.nope != 5`: "true",
	`original.nope == nil`: "true", `nil == original.s`: "false", `original.nope contains "x"`: "false", `original.nope matches "x"`: "false",
	`original.nope in ["x"]`: "false", `"x" in original.nope`: "false", `"z" in original.m`: "true", `original.nope == ""`: "false",
	`find(changed, # == "zz") == "zz"`: "false", `findIndex(changed, # == "zz") >= 0`: "false", `findIndex(changed, # == "name") >= 0`: "true",
	`first([]) == 1`: "false",

	// what may be missing stays so through names and conditions
	`let x = find(changed, # == "zz"); x == "zz"`: "false", `let x = lower(original.nope); x == "a"`: "false",
	`let x = trim(original.nope); let y = lower(x); let z = y; z == "a" || z > "b"`: "false", `let x = original.nope / 2; x > 1`: "false",
	`(original.flag ? nil : "a") == "a"`: "false", `(original.flag ? first([""][1:]) : "a") == "a"`: "false", `changed[7] == "x"`: "false",
	`reduce(original.nope, "a", nil) == "a"`: "false", `0 < count(original.items, .p > 1) < 2`: "true",
	`0 < len(filter(original.items, .p > 0)) < 3`: "true", `"a" < original.items[0].n < "z"`: "true", `0 < findIndex(original.items, .p > 9) < 2`: "false",

	// other kinds compare false
	`original.s > 5`: "false", `original.amount startsWith "1"`: "false", `original.amount in ["10.5"]`: "false",
	`original.m == original.items`: "false", `original.items == original.items`: "true", `original.flag == "true"`: "false",

	// missing as a condition, a list, an argument, an operand
	`original.nope && true`: "false", `!original.nope`: "true", `original.nope ? "a" : "b"`: "b", `original.flag ? "a" : "b"`: "a",
	`any(original.nope, true)`: "false", `any(original.s, true)`: "false", `count(original.nope)`: "0", `len(original.nope)`: "0",
	`sum(original.nope)`: "0", `lower(original.nope)`: "", `round(original.nope)`: "", `original.nope + 1`: "", `-original.nope`: "",
	`original.nope[0:2]`: "", `len(concat(original.nope, [1]))`: "1", `len(1..original.nope)`: "0", `string(original.nope)`: "",
	`sum(original.items, .nope)`: "0", `original.nope ?? "d"`: "d", `int(original.nope)`: "", `all(original.items, .nope)`: "false",

	// numbers keep their digits
	`original.id`: "9007199254740993", `original.id == 9007199254740993`: "true", `original.id == 9007199254740992`: "false",
	`original.id > 9007199254740992.0`: "true", `original.big`: "123456789012345678901234567890", `original.big > 5`: "true",
	`original.big == original.big`: "true", `original.big ?? 0`: "123456789012345678901234567890", `original.unsigned == -1`: "false",
	`original.unsigned > original.id`: "true", `string(original.big)`: "123456789012345678901234567890", `original.amount > 5`: "true",
	`5 < original.amount < 20`: "true", `original.amount + 1`: "11.5", `-original.amount`: "-10.5", `original.amount == 10.5`: "true",
	`toJSON([original.big, original.unsigned])`: "[123456789012345678901234567890,18446744073709551615]",
	`fromJSON("[9007199254740993]")[0]`:         "9007199254740993",

	// loops and functions
	`any(original.items, .p > 1)`: "true", `original.items | filter(.p > 1) | map(.n) | first()`: "y", `sum(original.items, .p)`: "3",
	`sum(map(original.items, .p))`: "3", `join(map(original.items, .n), ",")`: "x,y", `groupBy(original.items, .p)[1][0].n`: "x",
	`sortBy(original.items, .p, "desc")[0].n`: "y", `reduce(1..10, #acc + #, 0)`: "55", `uniq([1, 1, 2])[1]`: "2",
	`lower(original.s)`: "str", `original.s + "x"`: "Strx", `original.s[0:2]`: "St", `original.s[1:]`: "tr", `lower(data.student.email)`: "a@b.c",
	`max(original.amount, 3)`: "10.5", `all([1, 2], # > 0) && all([1, 2], # < 3)`: "true", `len("äö")`: "2",
	`any(split(type, "."), # == "payment") || any(splitAfter(type, "."), # == "payment.")`: "true",
	`fromPairs([["a", 1]])["a"]`: "1", `date("2026-01-02 03:04:05", "2006-01-02 15:04:05", "Europe/Paris").Hour()`: "3",

	// headers, whatever the case
	`headers["x-github-event"]`: "push", `headers["X-GITHUB-" + "EVENT"]`: "push", `headers["nope"]`: "", `headers[original.nope]`: "",
	`"x-github-event" in headers`: "true", `"nope" in headers`: "false", `get(headers, "X-Github-event")`: "push",
	`let h = headers; h["X-gitHub-Event"]`: "push", `headers.nope`: "",
}

func TestAnExpressionGives(t *testing.T) {
	env := sample(t)
	for text, want := range valueTable {
		v, err := CompileValue("value", text, Position{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := v.Eval(env); err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

// failing expressions and what is said of them; "Str" is a value of the event.
var failing = map[string]string{
	`original.s && true`:      "a condition gives a text, not true or false",
	`all(original.items, .n)`: "a condition gives a text, not true or false",
	`int(original.s)`:         "int can't work with this value of a text",
	`int(original.big)`:       "int can't work with this value of a number",
	`date(original.s)`:        "date can't work with this value of a text",
	`duration(original.s)`:    "duration can't work with this value of a text",
	`original.s - 1`:          "a value can't be used as it is here",
	`-original.s`:             "a value can't be used as it is here",
	`1 % original.a.b[0].c % (original.a.b[0].c - 7)`: "a division by zero",
	`lower(original.items)`:                           "lower can't work with a list",
	`original.items`:                                  "it gives a list where one value is needed",
	`original.m`:                                      "it gives a map where one value is needed",
	`timezone("Local").String()`:                      "the machine's own time zone can't be used",
	`len(groupBy(original.items, #))`:                 "a value can't be used as it is here",
	`{(original.amount): 1}.x`:                        "a value can't be used as it is here",
	`fromJSON(original.s).x`:                          "fromJSON can't work with this value of a text",
	`toJSON(0 / (data.course.id == "" ? 0 : 1))`:      "a number is infinite or undefined, which JSON can't express",
	`keys(original.items)`:                            "keys, values and toPairs can't work with a list",
}

func TestAFailureNamesNoValue(t *testing.T) {
	env := sample(t)
	for text, want := range failing {
		p, problem := compile(source{rule: "r", text: text}, eventScope{})
		if problem != nil {
			t.Errorf("%s: %v", text, problem)
			continue
		}
		r := start()
		err := p.run(r, env.scope(r), func(v any) error { _, err := textOf(v); return err })
		var e *Error
		if !errors.As(err, &e) || e.Message != want {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
