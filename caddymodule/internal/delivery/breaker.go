package delivery

import (
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
)

// health is what an attempt tells of the backend.
type health int

const (
	unknown health = iota // it was never asked
	alive                 // it took the event, or refuses this one
	failing
)

// healthOf judges an attempt that was made. A 4xx is about the event, except
// where it asks to come back later.
func healthOf(a event.Attempt) health {
	if a.Status >= 200 && a.Status <= 299 || retry.Alarming(a.Status) {
		return alive
	}
	return failing
}

const (
	// tolerated is how many failures in a row open the breaker.
	tolerated = 10
	// The pauses between attempts while it is open double from the first on.
	// None is longer than the backend's first backoff either.
	firstOpen   = 100 * time.Millisecond
	longestOpen = 5 * time.Second
)

// breaker spares a backend that is down, and us the attempts that fail: once
// some failed in a row it is open and permits one at a time, with pauses in
// between, until the backend is alive. It is our own because those of libraries
// pause for ever the same time and don't tell when to ask again. The zero
// breaker is closed. A Worker's mutex guards it.
type breaker struct {
	failures int           // in a row
	pause    time.Duration // between attempts; 0 while closed
	since    time.Time     // when it opened
	until    time.Time     // when the pause ends
	probing  bool          // the one attempt is under way
}

func (b *breaker) open() bool { return b.pause > 0 }

// wait is how long it permits no attempt unless one ends; 0 if it permits one.
func (b *breaker) wait(now time.Time) time.Duration {
	switch {
	case !b.open():
		return 0
	case b.probing:
		return longestSleep
	}
	return max(0, b.until.Sub(now))
}

// begin notes that an attempt begins, and tells whether it is the one that an
// open breaker permits.
func (b *breaker) begin() (probe bool) {
	b.probing = b.open()
	return b.probing
}

// end notes what an attempt told, and whether that opened or closed it. Of
// those that began before it opened only good news counts.
func (b *breaker) end(h health, probe bool, now time.Time, longest time.Duration) (changed bool) {
	wasOpen := b.open()
	b.probing = b.probing && !probe
	switch {
	case h == alive:
		*b = breaker{}
		return wasOpen
	case h == failing && !wasOpen:
		if b.failures++; b.failures < tolerated {
			return false
		}
		b.since, b.pause = now, min(firstOpen, longest)
	case h == failing && probe:
		b.pause = min(2*b.pause, longestOpen, longest)
	case !probe:
		return false
	}
	b.until = now.Add(b.pause)
	return !wasOpen
}

// hurry lets the next attempt begin at once.
func (b *breaker) hurry() { b.until = time.Time{} }
