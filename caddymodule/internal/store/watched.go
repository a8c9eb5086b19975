package store

import "time"

// Watched is what a store may offer beside its contract, to those who watch
// it. None of it searches the store: what it costs doesn't grow with what is
// kept, for it is asked every few seconds.
type Watched interface {
	// Ready tells why Keep would fail now: ErrClosed, ErrBroken or ErrLowSpace;
	// nil where it wouldn't.
	Ready() error

	// Measure tells how the store stands. After Close it is the zero value.
	Measure() Measures

	// OnCommit has a function called after each synced write, with the number
	// of steps that shared it and the time it took. It is given before the
	// first step, and the writer waits for it.
	OnCommit(func(steps int, took time.Duration))
}

// Measures is how a store stands.
type Measures struct {
	// Size is what the store took on its disk within the last minute, Free what
	// is left there, and Reserve what of that must stay free, in bytes. All are
	// 0 where there is no disk.
	Size, Free, Reserve int64
	// Oldest is, for each backend for which a delivery waits, when the oldest
	// of those was Created.
	Oldest map[string]time.Time
}
