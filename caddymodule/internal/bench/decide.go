package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/rules"
)

// measureRules is how long one decision takes, for each rule; and how cost
// grows with them.
func (b *bench) measureRules(ctx context.Context) ([]row, error) {
	r := row{Bar: "≤ 1 µs a rule, 0 allocations for one that does not match", Unit: "s per rule", Met: true}
	var numbers, figures []string
	var allocations []int64
	for _, n := range b.rules {
		perRule, allocated, err := decision(n)
		if err != nil {
			return nil, err
		}
		r.Rounds = append(r.Rounds, perRule.Seconds())
		r.Met = r.Met && perRule <= time.Microsecond
		numbers = append(numbers, commas(n))
		figures = append(figures, fmt.Sprintf("%.2f", float64(perRule)/float64(time.Microsecond)))
		allocations = append(allocations, allocated)
	}
	r.What = "one rule decision, of " + strings.Join(numbers, ", ") + " rules"
	// What a decision allocates for itself is the same for any number.
	more := allocations[len(allocations)-1] - allocations[0]
	r.Met = r.Met && more == 0
	r.Measured = fmt.Sprintf("%s µs a rule, %d allocations", strings.Join(figures, ", "), more)
	return []row{r}, b.growWithRules(ctx)
}

// decision measures deciding n rules that do not match.
func decision(n int) (perRule time.Duration, allocations int64, err error) {
	set, env, err := undecided(n)
	if err != nil {
		return 0, 0, err
	}
	r := testing.Benchmark(func(t *testing.B) {
		t.ReportAllocs()
		for t.Loop() {
			set.Decide(env)
		}
	})
	if r.N == 0 {
		return 0, 0, fmt.Errorf("deciding %d rules could not be measured", n)
	}
	return time.Duration(r.NsPerOp() / int64(n)), r.AllocsPerOp(), nil
}

// undecided are n rules and an event that none of them matches.
func undecided(n int) (*rules.Set, *rules.Env, error) {
	config := rules.Config{}
	for i := range n {
		config.Rules = append(config.Rules, rules.Rule{Name: fmt.Sprint(i), When: unlike(i), Drop: true})
	}
	set, err := rules.Compile(config)
	if err != nil {
		return nil, nil, err
	}
	env, err := completed()
	if err != nil {
		return nil, nil, err
	}
	if d := set.Decide(env); d.Dropped || len(d.Failed()) > 0 {
		return nil, nil, fmt.Errorf("a rule that must not match did, or failed: %v", d.Failed())
	}
	return set, env, nil
}

// completed is an event as rules see it.
func completed() (*rules.Env, error) {
	w := newWriter(kib)
	w.fill(1)
	original, err := rules.Decode(w.body)
	return &rules.Env{
		Type: "course.completed", Sender: "custom", Source: "bench", ID: "evt_1", Subject: "student/41",
		Time: time.Unix(1790000000, 0), Received: time.Unix(1790000001, 0),
		Data: rules.Data{
			Student: rules.Person{ID: "41", Name: "Ada Lovelace", Email: "ada@school.example"},
			Course:  rules.Named{ID: "12"},
			Payment: rules.Payment{Amount: 1000.5},
		},
		Original: original,
	}, err
}
