package main

import (
	"strings"
	"testing"
)

func TestEveryResultIsARowAndTheLaterOneOfTwoCounts(t *testing.T) {
	rows, err := read(strings.NewReader(`{"fault":"a","how":"x","tried":"1","found":"lost","held":false}
{"fault":"b","how":"x|y","tried":"2","found":"none","held":false}
{"fault":"a","how":"x","tried":"3","found":"none","held":true}
`))
	if err != nil {
		t.Fatal(err)
	}
	got := (&report{Size: "long", Seed: "7", Rows: rows}).markdown()
	for _, want := range []string{"Size long, seed 7.", "\n| a | x | 3 | none | yes |\n| b | x\\|y | 2 | none | **no** |\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.Contains(got, "lost") {
		t.Errorf("the earlier result still stands:\n%s", got)
	}
}

func TestResultsThatAreNoneAreAnError(t *testing.T) {
	for _, text := range []string{"", "{\n", "no\n"} {
		if rows, err := read(strings.NewReader(text)); err == nil {
			t.Errorf("%q gives %v", text, rows)
		}
	}
}
