// Package clock tells the time of day, which somebody may set at any moment,
// forwards or back. What is kept, and what is compared with that, is by [Now].
// What only lasts within the process is measured with time.Now, which goes on
// evenly whatever the clock is set to.
package clock

import (
	"sync"
	"time"
)

// Now is the time of day, in UTC. A test that sets the clock replaces it.
var Now = func() time.Time { return time.Now().UTC().Round(0) }

// little is by how much a clock may be set unnoticed: it is all the time, and a
// machine that is copied stands still for a while.
const little = time.Hour

// Watch notices that the clock was set. The zero Watch may be used.
type Watch struct {
	mu  sync.Mutex
	day time.Time // at the last look
	at  time.Time // of the last look, by a clock that nobody sets
	set time.Time
}

// Look tells the time of day, and when it was first seen that somebody had set
// the clock, the last time that it was by more than an hour; zero if never.
func (w *Watch) Look() (now, set time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now, at := Now(), time.Now()
	if by := now.Sub(w.day) - at.Sub(w.at); !w.at.IsZero() && by.Abs() > little {
		w.set = now
	}
	w.day, w.at = now, at
	return now, w.set
}
