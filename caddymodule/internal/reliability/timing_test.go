package reliability

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// kind is a way to be wrong, with how long each of its answers took.
type kind struct {
	name string
	make func(m *message, s signing)
	took []time.Duration
}

func (k *kind) median() time.Duration {
	slices.Sort(k.took)
	return k.took[len(k.took)/2]
}

// kinds are of a source that wants a signature and a token. The last is the
// second once more: how far the two are apart is the measurement's own error.
func kinds(f *forger) []*kind {
	wrongSignature := func(m *message, s signing) {
		f.prove(m, s)
		m.edit("Stripe-Signature", func(v string) string {
			before, mac, _ := strings.Cut(v, "v1=")
			return before + "v1=" + strings.Map(func(c rune) rune { return rune("fedcba9876543210"[strings.IndexRune("0123456789abcdef", c)]) }, mac)
		})
	}
	return []*kind{
		{name: "unknown token", make: func(m *message, s signing) {
			f.prove(m, s)
			m.edit("X-Token", func(v string) string { return strings.Repeat("z", len(v)) })
		}},
		{name: "wrong signature", make: wrongSignature},
		{name: "right signature of another body", make: func(m *message, s signing) {
			s.over = strings.Replace(m.body, ":17", ":18", 1)
			f.prove(m, s)
		}},
		{name: "wrong signature again", make: wrongSignature},
	}
}

// TestPromise6AnAnswerTellsNotWhatWasWrong sends requests that are wrong in
// different ways in turn, and compares answers, their sizes and their times.
func TestPromise6AnAnswerTellsNotWhatWasWrong(t *testing.T) {
	var s scheme
	for _, one := range combined() {
		if one.name == "signature-and-token" {
			s = one
		}
	}
	for _, phase := range []struct {
		name, limit string
		each        int
	}{
		// With a full quarantine no disk hides what verification takes.
		{"quarantined", "10000000", sized(10, 1000, 20_000)},
		{"turned away by a full quarantine", "1", sized(10, 20_000, 20_000)},
	} {
		t.Run(phase.name, func(t *testing.T) {
			choose := random(t)
			g := newGateway(t, "")
			g.writeSite(t, "quarantine 7d "+phase.limit, sourcesOf([]scheme{s}))
			g.start()
			defer g.kill()
			f := &forger{scheme: s, g: g, wire: g.wire(), choose: choose}
			all := kinds(f)
			f.measure(t, choose, all, phase.each)
			base, worst := all[1].median(), time.Duration(0)
			for _, k := range all {
				worst = max(worst, (k.median() - base).Abs())
			}
			noise := (all[3].median() - base).Abs()
			if worst > base/50+5*noise {
				tooLong(t, "a median is %s off %s", worst, base)
			}
			report(t, result{
				Fault: "guessing by the answer: " + phase.name, How: "unknown token, wrong signature, right signature with a wrong body, in turn",
				Tried: fmt.Sprintf("%d of each", phase.each),
				Found: fmt.Sprintf("same status, headers and size; medians %s, the farthest %s off; the same kind twice differs by %s", base, worst, noise),
			})
		})
	}
}

// measure sends the kinds in an order of chance, round by round.
func (f *forger) measure(t *testing.T, choose *rand.Rand, all []*kind, each int) {
	const warm = 20
	for round := range each + warm {
		for _, i := range choose.Perm(len(all)) {
			m := f.message(nil)
			m.header = m.header[:1] // without the genuine proof
			f.sent++
			all[i].make(m, signing{secret: f.secret, ts: strconv.FormatInt(time.Now().Unix(), 10), algorithm: "sha256"})
			text := m.wire()
			begun := time.Now()
			got, err := f.wire.send(text)
			took := time.Since(begun)
			if err != nil {
				t.Errorf("%s: %v", all[i].name, err)
				return
			}
			if round < warm {
				f.usual = answer{} // until the quarantine is full
			} else {
				all[i].took = append(all[i].took, took)
			}
			got = f.plain(t, got, m)
			if f.usual.status == 0 {
				f.usual = got
			}
			if !reflect.DeepEqual(got, f.usual) {
				t.Errorf("%s: answered %v, not %v", all[i].name, got, f.usual)
			}
		}
	}
}
