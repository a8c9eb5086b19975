package rules

import (
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"testing"
)

// costly is a payload of what costs more than it seems to: one step over it takes
// as long as many.
func costly() *Env {
	env := large()
	original := env.Original.(map[string]any)
	var texts [3][]any
	var maps [2]map[string]any
	for i := range maps {
		maps[i] = map[string]any{}
		for n := range 40_000 {
			maps[i][fmt.Sprint("key ", n)] = int64(n)
			texts[i] = append(texts[i], int64(n))
		}
	}
	for n := range 2_500 {
		digits, _ := new(big.Int).SetString(strings.Repeat("9", 390)+fmt.Sprint(10_000+n), 10)
		texts[2] = append(texts[2], digits)
	}
	deep := any(texts[0])
	for range payloadDepth - 2 {
		deep = []any{deep}
	}
	original["map"], original["other_map"] = maps[0], maps[1]
	original["list"], original["other_list"], original["long"] = texts[0], texts[1], texts[2]
	original["buried"] = deep
	original["accents"] = strings.Repeat("é", 200_000)
	original["set"] = strings.Repeat("à", 200_000) + "é"
	original["json"] = "[" + strings.Repeat(`{"":0},`, 140_000) + "0]"
	original["as"], original["b"] = strings.Repeat("a", 1_000_000), strings.Repeat("a", 100)+"b"
	env.Data.Student.Name = strings.Repeat("n", 500_000)
	env.Previous.Student.Name = strings.Repeat("n", len(env.Data.Student.Name))
	return env
}

// dear are expressions that count few steps of expr's for much work.
var dear = []string{
	// Hashing a long key, comparing and printing all that a value holds.
	`all(1..100000, not (original.text in original.map))`,
	`all(1..100000, original.map[original.text] == nil)`,
	`all(1..100000, get(original.map, original.text) == nil)`,
	`all(1..100000, len({(original.text): #}) > 0)`,
	`len(fromPairs(map(1..100000, [original.text, #]))) > 0`,
	`all(1..100000, original.map == original.other_map)`,
	`all(1..100000, original.list == original.other_list)`,
	`all(1..100000, original.list in [original.other_list])`,
	`all(1..100000, data.student == previous.student)`,
	`all(1..100000, [data] == [previous])`,
	`all(1..100000, len(string(data)) > 0)`,
	`let groups = groupBy(original.items, .name + string(.n)); all(1..100000, string(groups) != "")`,
	// All digits of long numbers.
	`len(uniq(original.long)) > 0`,
	`all(1..100000, not (5 in original.long))`,
	`all(1..100000, original.long[0] + 1 > 0)`,
	`all(1..100000, toJSON(original.long[0]) != "")`,
	`all(1..100000, sum(original.long) > 0)`,
	// Lists that are made anew.
	`let r = (type == "x" ? nil : 1..250000); all(original.items, any(r, true))`,
	`all(1..1000, len(flatten(original.buried)) > 0)`,
	`median(1..250000) > 0`,
	// Texts.
	`len(trim(original.accents, original.set)) == 0`,
	`none(1..100000, subject matches "^(a?){400}(b?){400}x$")`,
	`len(fromJSON(original.json)) > 0`,
	`all(1..100000, not (original.as contains original.b))`,
}

// Each level used to copy all that lay below it: 4 GB for a payload of 1 MB.
func TestFlatteningIsNotPaidForEachLevel(t *testing.T) {
	env := costly()
	for _, text := range []string{`len(flatten(original.buried)) == 40000`, `median(original.buried) == 19999.5`} {
		p, problem := compile(source{rule: "flat", text: text}, eventScope{})
		if problem != nil {
			t.Fatal(problem)
		}
		r := newRun()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var result any
		err := p.run(r, env.scope(r), func(v any) error { result = v; return nil })
		runtime.ReadMemStats(&after)
		if used := (after.TotalAlloc - before.TotalAlloc) >> 20; err != nil || result != true || used > 50 {
			t.Errorf("%s: %v, %v, with %d MB", text, result, err, used)
		}
	}
}
