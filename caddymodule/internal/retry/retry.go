// Package retry decides what follows an attempt: the delivery is done, it is
// tried again at a given time, or it is dead. It is pure: the clock and the
// chance come from the caller. Start at [Policy.Next].
package retry

import "time"

// longestAsked is how long a backend's Retry-After is honoured at most.
const longestAsked = time.Hour

// Policy says how long and how often a delivery is tried. A field that is not
// positive stands for its default.
type Policy struct {
	// First bounds the wait after the first attempt; it doubles from there.
	// Default: 5s.
	First time.Duration
	// Longest bounds every wait of ours. Default: 1h.
	Longest time.Duration
	// For is how long after retrying began an attempt may still be made.
	// Default: 72h.
	For time.Duration
}

// WithDefaults returns the policy with a default for what is not positive.
func (p Policy) WithDefaults() Policy {
	if p.First <= 0 {
		p.First = 5 * time.Second
	}
	if p.Longest <= 0 {
		p.Longest = time.Hour
	}
	if p.For <= 0 {
		p.For = 72 * time.Hour
	}
	return p
}

// LongestWait is the longest wait that Next may tell.
func (p Policy) LongestWait() time.Duration { return max(p.WithDefaults().Longest, longestAsked) }

// Answer is what an attempt brought.
type Answer struct {
	// Status is the HTTP status; 0 when there was no answer.
	Status int
	// RetryAfter is what the backend asked for; 0 when it didn't.
	RetryAfter time.Duration
	// Err tells that the attempt failed, whatever the status says.
	Err bool
}

func (a Answer) delivered() bool { return !a.Err && a.Status >= 200 && a.Status <= 299 }

// Verdict is what becomes of a delivery after an attempt.
type Verdict int

// The verdicts. The zero Verdict is none of them.
const (
	_ Verdict = iota
	Delivered
	Retry
	Dead
)

// Next judges the attempt that ended at now. Retrying began at since, and
// attempts is how many were made since then, this one included. The time is
// when to try again; it is zero unless the verdict is Retry.
//
// The wait is drawn with full jitter, evenly between nothing and a bound that
// doubles with each attempt, so that many deliveries that failed together do
// not come back together. jitter returns numbers in [0, 1), as rand.Float64
// does. One last attempt is made when the time is up.
func (p Policy) Next(now, since time.Time, attempts int, a Answer, jitter func() float64) (Verdict, time.Time) {
	if a.delivered() {
		return Delivered, time.Time{}
	}
	p = p.WithDefaults()
	end := since.Add(p.For)
	if !now.Before(end) {
		return Dead, time.Time{}
	}
	wait := time.Duration(jitter() * float64(p.bound(attempts)))
	due := now.Add(max(wait, min(a.RetryAfter, longestAsked)))
	if due.After(end) {
		due = end
	}
	return Retry, due
}

// bound is min(Longest, First*2^(attempts-1)). It compares before it doubles,
// so no number of attempts overflows it.
func (p Policy) bound(attempts int) time.Duration {
	bound := min(p.First, p.Longest)
	for range attempts - 1 {
		if bound > p.Longest/2 {
			return p.Longest
		}
		bound *= 2
	}
	return bound
}

// Alarming tells whether an operator should hear of a status at once: a 4xx
// that no waiting mends. It is retried all the same, because a CRM's 4xx is
// usually a bug that is being fixed.
func Alarming(status int) bool {
	return status >= 400 && status <= 499 && status != 408 && status != 429
}
