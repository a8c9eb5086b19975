package store

import (
	"context"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// Operations are what an operator does by hand: see, find, act. Each that
// writes is one atomic step that is on disk when it returns. Where the thing
// isn't there, it is ErrNotFound; where it is in another state, ErrState: so an
// operation that was interrupted can be repeated without harm.
type Operations interface {
	// Find returns places of events, newest first.
	Find(ctx context.Context, q Query) (Found, error)

	// Retry lets a dead delivery wait again, due at once, at the end of its
	// line, with its attempts and its whole time for retries before it.
	Retry(ctx context.Context, seq uint64, backend string, now time.Time) error

	// Reroute gives an unrouted or invalid event another outcome, with all its
	// deliveries. Nobody sees it waiting in between.
	Reroute(ctx context.Context, r Routing) error

	// Discard gives up a dead delivery or, where backend is "", an unrouted or
	// invalid event. An event goes at once, with all that is known of it, when
	// none of its deliveries is left that isn't discarded.
	Discard(ctx context.Context, seq uint64, backend string, now time.Time) error

	// Release keeps the event of a quarantined request, as Keep does, and takes
	// the request out of the quarantine; both, or neither.
	Release(ctx context.Context, q *event.Quarantined, ev *event.Event, d Dedupe) (Kept, error)

	// DiscardQuarantined deletes a quarantined request.
	DiscardQuarantined(ctx context.Context, q *event.Quarantined) error

	// SetPause remembers that a backend is paused, or since when it no longer is.
	SetPause(ctx context.Context, backend string, p Pause) error

	// Pauses returns the pauses of all backends that ever had one.
	Pauses(ctx context.Context) (map[string]Pause, error)
}

// Query says where to look for events.
type Query struct {
	// State narrows it: Waiting is events that wait to be routed and, with a
	// Backend or without, those with a delivery that waits; Dead those with a
	// dead delivery; Unrouted and Invalid what they say. Anything else doesn't
	// narrow, and neither need Waiting where very much waits.
	State   event.State
	Backend string
	// Before is the Seq below which to look; 0 begins with the newest.
	Before uint64
	// Look bounds how many records are looked at.
	Look int
}

// Found are places of events, newest first. All that are in the state asked for
// are among them, and perhaps others: whoever asked looks at each.
type Found struct {
	Seqs []uint64
	// Next is Before of the query that goes on; 0 when there is no more.
	Next uint64
}

// Place is where a quarantined request stands among those of its source; the
// zero value is before the first.
type Place struct {
	At     time.Time
	Number uint64
}

// PlaceOf is the place of a quarantined request.
func PlaceOf(q *event.Quarantined) Place { return Place{q.Request.Received, q.Number} }

// Pause is whether a backend is paused, and since when it is or isn't.
type Pause struct {
	Paused bool
	Since  time.Time
}
