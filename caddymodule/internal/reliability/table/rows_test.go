package main

import (
	"strings"
	"testing"
)

func TestAResultStandsUntilAsMuchWasTriedOrItDoesNotHold(t *testing.T) {
	var rows table
	for _, run := range []struct{ size, results string }{
		{"long", `{"fault":"b","how":"x|y","tried":"1","found":"none","held":true}
{"fault":"a","how":"x","tried":"2","found":"none","held":true}
{"fault":"c","how":"x","tried":"3","found":"none","held":true}`},
		{"ci", `{"fault":"a","how":"x","tried":"4","found":"lost","held":false}
{"fault":"b","how":"x|y","tried":"5","found":"none","held":true}`},
		{"long", `{"fault":"c","how":"z","tried":"6","found":"none","held":true}`},
	} {
		var err error
		if rows, err = rows.with(strings.NewReader(run.results), origin{Size: run.size, Seed: run.results[len(run.results)-9:]}); err != nil {
			t.Fatal(err)
		}
	}
	const want = `
| a | x | 4 | lost | **no** | 1 |
| b | x\|y | 1 | none | yes | 2 |
| c | z | 6 | none | yes | 2 |
`
	if got := rows.markdown(); !strings.Contains(got, want) {
		t.Errorf("got\n%s\nwant in it\n%s", got, want)
	}
}

func TestResultsThatAreNoneAreAnError(t *testing.T) {
	for _, text := range []string{"", "{\n", "no\n"} {
		if rows, err := (table{}).with(strings.NewReader(text), origin{}); err == nil {
			t.Errorf("%q gives %v", text, rows)
		}
	}
}
