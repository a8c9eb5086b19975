package retry

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 21, 2, 27, 0, 0, time.UTC)

func always(f float64) func() float64 { return func() float64 { return f } }

func TestNext(t *testing.T) {
	policy := Policy{First: 5 * time.Second, Longest: time.Hour, For: 72 * time.Hour}
	for name, c := range map[string]struct {
		policy   Policy
		elapsed  time.Duration
		attempts int
		answer   Answer
		jitter   float64
		verdict  Verdict
		wait     time.Duration
	}{
		"200 is delivered":                         {policy, 0, 1, Answer{Status: 200}, 0.5, Delivered, 0},
		"299 is delivered":                         {policy, 0, 1, Answer{Status: 299}, 0.5, Delivered, 0},
		"2xx is delivered when the time is up":     {policy, 100 * time.Hour, 99, Answer{Status: 204}, 0.5, Delivered, 0},
		"100 is no success":                        {policy, 0, 1, Answer{Status: 199}, 0.5, Retry, 2500 * time.Millisecond},
		"a redirect is no success":                 {policy, 0, 1, Answer{Status: 300}, 0.5, Retry, 2500 * time.Millisecond},
		"410 is retried":                           {policy, 0, 1, Answer{Status: 410}, 0.5, Retry, 2500 * time.Millisecond},
		"no answer is retried":                     {policy, 0, 1, Answer{Err: true}, 0.5, Retry, 2500 * time.Millisecond},
		"an error outweighs a status":              {policy, 0, 1, Answer{Status: 200, Err: true}, 0.5, Retry, 2500 * time.Millisecond},
		"the second wait doubles":                  {policy, 0, 2, Answer{Status: 503}, 0.5, Retry, 5 * time.Second},
		"the tenth wait is First*2^9":              {policy, 0, 10, Answer{Status: 503}, 0.5, Retry, 1280 * time.Second},
		"the eleventh is cut to Longest":           {policy, 0, 11, Answer{Status: 503}, 0.5, Retry, 30 * time.Minute},
		"no number of attempts overflows":          {policy, 0, math.MaxInt, Answer{Status: 503}, 0.5, Retry, 30 * time.Minute},
		"attempts below one count as one":          {policy, 0, -3, Answer{Status: 503}, 0.5, Retry, 2500 * time.Millisecond},
		"jitter may leave no wait":                 {policy, 0, 9, Answer{Status: 503}, 0, Retry, 0},
		"Retry-After outweighs a shorter wait":     {policy, 0, 1, Answer{Status: 429, RetryAfter: time.Minute}, 0.5, Retry, time.Minute},
		"a longer wait outweighs Retry-After":      {policy, 0, 11, Answer{Status: 429, RetryAfter: time.Minute}, 0.5, Retry, 30 * time.Minute},
		"Retry-After is honoured an hour":          {policy, 0, 1, Answer{Status: 503, RetryAfter: 48 * time.Hour}, 0.5, Retry, time.Hour},
		"a negative Retry-After is none":           {policy, 0, 1, Answer{Status: 503, RetryAfter: -time.Hour}, 0.5, Retry, 2500 * time.Millisecond},
		"a last attempt is made at the end":        {policy, 72*time.Hour - time.Minute, 80, Answer{Status: 503}, 0.5, Retry, time.Minute},
		"Retry-After does not outlast the end":     {policy, 72*time.Hour - time.Minute, 1, Answer{Status: 503, RetryAfter: time.Hour}, 0, Retry, time.Minute},
		"dead at the end":                          {policy, 72 * time.Hour, 80, Answer{Status: 503}, 0.5, Dead, 0},
		"dead after the end":                       {policy, 73 * time.Hour, 80, Answer{Err: true}, 0.5, Dead, 0},
		"a clock that jumped back waits no longer": {policy, -1000 * time.Hour, 50, Answer{Status: 503}, 0.5, Retry, 30 * time.Minute},
		"the zero policy is the default one":       {Policy{}, 0, 1, Answer{Status: 503}, 0.5, Retry, 2500 * time.Millisecond},
		"a negative policy is the default one":     {Policy{-1, -1, -1}, 71 * time.Hour, 20, Answer{Status: 503}, 0.5, Retry, 30 * time.Minute},
		"First is bounded by Longest":              {Policy{time.Hour, time.Minute, time.Hour}, 0, 1, Answer{Err: true}, 0.5, Retry, 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			now := start.Add(c.elapsed)
			verdict, due := c.policy.Next(now, start, c.attempts, c.answer, always(c.jitter))
			if verdict != c.verdict {
				t.Fatalf("verdict %v, want %v", verdict, c.verdict)
			}
			if want := now.Add(c.wait); verdict == Retry && !due.Equal(want) {
				t.Fatalf("due after %s, want %s", due.Sub(now), c.wait)
			}
			if verdict != Retry && !due.IsZero() {
				t.Fatalf("due %s, want none", due)
			}
		})
	}
}

// Whatever is asked, a wait is never negative, never beyond its bound, and
// never beyond the end of retrying.
func TestNoWaitLeavesItsBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	span := func(most time.Duration) time.Duration { return time.Duration(r.Int64N(int64(most))) }
	for range 20000 {
		p := Policy{First: 1 + span(time.Hour), Longest: 1 + span(48*time.Hour), For: 1 + span(200*time.Hour)}
		now := start.Add(span(400*time.Hour) - 100*time.Hour)
		a := Answer{Status: 500 + r.IntN(100), RetryAfter: span(4*time.Hour) - time.Hour}
		verdict, due := p.Next(now, start, r.IntN(200), a, r.Float64)
		end := start.Add(p.For)
		if dead := !now.Before(end); dead != (verdict == Dead) {
			t.Fatalf("%+v at %s: verdict %v", p, now.Sub(start), verdict)
		}
		if verdict == Dead {
			continue
		}
		wait := due.Sub(now)
		if wait < 0 || wait > max(p.Longest, min(a.RetryAfter, time.Hour)) || due.After(end) {
			t.Fatalf("%+v %+v at %s: waits %s", p, a, now.Sub(start), wait)
		}
	}
}

func TestDeliveriesThatFailedTogetherSpreadOut(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var quarters [4]int
	for range 4000 {
		_, due := Policy{}.Next(start, start, 5, Answer{Status: 503}, r.Float64)
		quarters[due.Sub(start)*4/(80*time.Second)]++
	}
	for i, n := range quarters {
		if n < 850 || n > 1150 {
			t.Errorf("quarter %d of the range got %d of 4000", i, n)
		}
	}
}

func TestA4xxAlarmsUnlessWaitingMendsIt(t *testing.T) {
	for status := 0; status < 600; status++ {
		want := status >= 400 && status < 500 && status != 408 && status != 429
		if Alarming(status) != want {
			t.Errorf("Alarming(%d) = %v", status, !want)
		}
	}
}
