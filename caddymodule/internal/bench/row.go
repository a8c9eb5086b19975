package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// row is one line of the table.
type row struct {
	// Name is the measurement that it comes from.
	Name string `json:"measurement"`
	What string `json:"what"`
	// Bar is empty where there is none.
	Bar      string `json:"bar"`
	Measured string `json:"measured"`
	Plain    string `json:"plain_caddy,omitempty"`
	Met      bool   `json:"met"`
	// Unit is that of each round's figures; times are in seconds.
	Unit        string    `json:"unit"`
	Rounds      []float64 `json:"rounds"`
	PlainRounds []float64 `json:"plain_caddy_rounds,omitempty"`
}

// check refuses a row in which a figure is missing.
func (r *row) check() error {
	if len(r.Rounds) == 0 {
		return fmt.Errorf("%s: there are no figures", r.What)
	}
	for _, figure := range slices.Concat(r.Rounds, r.PlainRounds) {
		if !(figure > 0) || math.IsInf(figure, 0) {
			return fmt.Errorf("%s: the figure %v can't be", r.What, figure)
		}
	}
	return nil
}

// atLeast is a row for a rate that may not be below a share of plain Caddy's.
func atLeast(what string, share float64, p pair) row {
	r := row{What: what, Unit: "requests/s", Rounds: figures(p.ours, rateOf), PlainRounds: figures(p.plain, rateOf)}
	x := times(r.Rounds, r.PlainRounds)
	r.Bar = fmt.Sprintf("≥ %.2f × plain Caddy", share)
	r.Measured = fmt.Sprintf("%s/s, %.2f ×", count(median(r.Rounds)), x)
	r.Plain = count(median(r.PlainRounds)) + "/s"
	r.Met = x >= share
	return r
}

// cpuAtMost is a row for the CPU of a load that may not be above so many times
// plain Caddy's.
func cpuAtMost(what string, most float64, p pair) row {
	r := row{What: what, Unit: "CPU-s per 1,000", Rounds: figures(p.ours, cpuOf), PlainRounds: figures(p.plain, cpuOf)}
	x := times(r.Rounds, r.PlainRounds)
	r.Bar = fmt.Sprintf("≤ %.1f × plain Caddy", most)
	r.Measured = fmt.Sprintf("%.3f, %.2f ×", median(r.Rounds), x)
	r.Plain = fmt.Sprintf("%.3f", median(r.PlainRounds))
	r.Met = x <= most
	return r
}

// within is a row for latencies whose median may not be above most.
func within(what, bar string, most time.Duration, p pair, of func(sample) float64) row {
	r := row{What: what, Bar: bar, Unit: "s", Rounds: figures(p.ours, of), PlainRounds: figures(p.plain, of)}
	r.Measured, r.Plain = ms(median(r.Rounds)), ms(median(r.PlainRounds))
	r.Met = median(r.Rounds) <= most.Seconds()
	return r
}

// memoryAtMost is a row for bytes of resident memory.
func memoryAtMost(what string, most int64, rounds ...float64) row {
	return row{
		What: what, Bar: fmt.Sprintf("≤ %d MB", most/mb), Unit: "bytes", Rounds: rounds,
		Measured: megabytes(median(rounds)), Met: median(rounds) <= float64(most),
	}
}

const mb = 1_000_000

func megabytes(bytes float64) string { return fmt.Sprintf("%.0f MB", bytes/mb) }

// ms is a time in seconds, as a reader compares it.
func ms(seconds float64) string {
	return strconv.FormatFloat(seconds*1000, 'f', decimals(seconds*1000), 64) + " ms"
}

// decimals are as many as leave about three figures.
func decimals(x float64) int {
	switch {
	case x < 1:
		return 2
	case x < 100:
		return 1
	}
	return 0
}

// count is a number with commas, rounded to three figures where it is large.
func count(x float64) string {
	step := 1
	for n := x; n >= 10_000; n /= 10 {
		step *= 10
	}
	return commas((int(x) + step/2) / step * step)
}

// commas is a whole number in groups of three digits.
func commas(n int) string {
	digits := strconv.Itoa(n)
	var out strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			out.WriteByte(',')
		}
		out.WriteRune(d)
	}
	return out.String()
}
