// Package store says what a store must hold and promise. Its implementations
// are memstore, for tests, and badgerstore; both pass the suite in storetest.
//
// Five things write, each one atomic step that is on disk when it returns:
//
//	Keep        dedupe key, event, its place in the queue to be routed
//	Quarantine  a request that failed verification, within bounds
//	Route       the outcome of events and all their deliveries
//	Record      one attempt of one delivery and what follows from it
//	Purge       what has had its time
//
// and what an operator does by hand, which Operations lists.
//
// Every method may be called from many goroutines at once. Times come from
// the caller and are kept in UTC, to the microsecond or better; a store looks
// at no clock.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// Errors that callers tell apart.
var (
	// ErrClosed: the store was closed; nothing was written.
	ErrClosed = errors.New("the store is closed")
	// ErrBroken: an earlier write failed, or what is on disk is damaged, so
	// nothing can be trusted any more.
	ErrBroken = errors.New("the store failed to write and accepts nothing until it is reopened")
	// ErrLowSpace: the disk is below the reserve; nothing was written.
	ErrLowSpace = errors.New("the disk is below the store's reserve")
	// ErrStalled: so much waits for the disk that nothing more may.
	ErrStalled = errors.New("the disk takes no writes, and more wait for it already than may")
	// ErrQuarantineFull: the source's quarantine is full; nothing was written.
	ErrQuarantineFull = errors.New("the quarantine of this source is full")
	// ErrLocked: another process holds the store.
	ErrLocked = errors.New("another process holds the store")
	// ErrNotFound: there is no such event, delivery or request.
	ErrNotFound = errors.New("not found")
	// ErrState: it is there, but not in the state that a step needs; nothing
	// was written.
	ErrState = errors.New("it is in another state")
)

// DamagedError tells of an event of which something on disk is damaged.
type DamagedError struct {
	Seq uint64
	Err error
}

func (e *DamagedError) Error() string { return e.Err.Error() }

// Unwrap returns what is damaged.
func (e *DamagedError) Unwrap() error { return e.Err }

// Store keeps events, deliveries, dedupe keys and the quarantine.
type Store interface {
	Operations

	// Keep writes an event and its dedupe key unless a live key is known:
	// then it writes nothing and returns the first event's id. On return the
	// outcome is on disk. It sets ev.Seq of a new event, which must not be
	// changed from then on, for a store may give it out again. An empty key
	// is remembered by nobody. An event that is a replay is counted as such,
	// and not at all where its key is known.
	Keep(ctx context.Context, ev *event.Event, d Dedupe) (Kept, error)

	// Quarantine keeps a request that failed verification, at most limit for
	// its source, else ErrQuarantineFull. It sets q.Number.
	Quarantine(ctx context.Context, q *event.Quarantined, limit int) error

	// QuarantineFull tells, at no cost, that Quarantine would refuse.
	QuarantineFull(source string, limit int) bool

	// Waiting returns up to n events that wait to be routed, oldest first,
	// with Seq above after; fewer, but at least one, where they are large.
	// One that is damaged comes with its Seq alone. Nobody may change what
	// this or Event returns.
	Waiting(ctx context.Context, after uint64, n int) ([]*event.Event, error)

	// Route writes outcomes of waiting events with all their deliveries, in
	// the given order, each event as one step. An event that waits no longer
	// is skipped. Of deliveries with the same Backend and OrderKey only the
	// first unfinished one may be leased.
	Route(ctx context.Context, routed []Routing) error

	// Lease hands out up to n waiting deliveries of a backend that are due,
	// earliest first, none that is leased already; and when the next one that
	// isn't leased falls due, zero if there is none. A lease ends by Record,
	// Return or with the process. Where longest isn't 0, those that are due
	// later than that from now come before all others: the clock was set back
	// after they were told to wait.
	Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) (ds []*event.Delivery, next time.Time, err error)

	// Return ends a lease without an attempt.
	Return(d *event.Delivery)

	// Record writes a leased delivery with the attempt that was just added to
	// it and ends the lease. A delivered or dead one leaves the queue, and the
	// next one with its OrderKey becomes due, and its Since begins, when this
	// one Finished. Without a lease it is ErrNotFound; after any other error
	// the lease goes on.
	Record(ctx context.Context, d *event.Delivery) error

	// Event returns an event with its outcome, else ErrNotFound or a DamagedError.
	Event(ctx context.Context, seq uint64) (*event.Event, error)

	// Deliveries returns an event's deliveries, in the order of its backends.
	Deliveries(ctx context.Context, seq uint64) ([]*event.Delivery, error)

	// Quarantined returns up to n quarantined requests of a source, oldest
	// first, those behind a place; fewer, but at least one, where they are large.
	Quarantined(ctx context.Context, source string, after Place, n int) ([]*event.Quarantined, error)

	// Note adds to the counts of requests that left no record. They are
	// written with the next step, so a crash may forget the newest.
	Note(source string, n Requests)

	// Purge deletes what has had its time, at most n events in one step, and
	// dedupe keys that no longer count at Policy.Now.
	// Call it again while Purged.More is set.
	Purge(ctx context.Context, p Policy, n int) (Purged, error)

	// Counts returns the running counts.
	Counts(ctx context.Context) (Counts, error)

	// Close ends the store after all running steps; a second call does nothing.
	Close() error
}

// Dedupe is the key under which an event is remembered, scoped by its source.
type Dedupe struct {
	Key string
	// Window is counted from ev.Request.Received; 0 remembers nothing.
	Window time.Duration
}

// Kept is what became of an event given to Keep.
type Kept struct {
	// ID is the event's id; of a duplicate, the first one's.
	ID        string
	Duplicate bool
	// OtherBody tells that the first one's body was another: the sender gave
	// one id to two things. A store that doesn't remember says false.
	OtherBody bool
}

// Routing is the outcome of one event and the deliveries it led to.
type Routing struct {
	Seq        uint64
	Outcome    event.Outcome
	Deliveries []*event.Delivery
}

// Policy says how long finished things stay; 0 keeps them for ever.
type Policy struct {
	Now time.Time
	// Finished is for events that are routed with all deliveries delivered,
	// counted from when the last of that happened.
	Finished time.Duration
	// Stuck is for events that are unrouted, invalid or have a dead delivery
	// and none waiting.
	Stuck time.Duration
	// Quarantine is the age at which quarantined requests go.
	Quarantine time.Duration
}

// Purged is what a purge deleted.
type Purged struct {
	Finished, Unrouted, Invalid, Dead, Quarantined int
	More                                           bool
}

// Counts are totals since the store was made. They are written beside the
// records they count, so that they add up after a crash too:
//
//	received = new + duplicate + quarantined + refused                   of each source
//	new + replayed = routed + unrouted + invalid + discarded + waiting   of all
//	deliveries = delivered + dead + discarded + waiting                  of each backend
type Counts struct {
	Sources  map[string]Requests
	Events   Events
	Backends map[string]Deliveries
	// InQuarantine is how many requests each source's quarantine holds now.
	InQuarantine map[string]int
}

// Requests counts what arrived at one source. One that was released from the
// quarantine is new, or a duplicate, and no longer quarantined. Replayed are
// events that an operator repeated.
type Requests struct{ New, Duplicate, Quarantined, Refused, Replayed, Released uint64 }

// Events counts kept events by state. Purged ones are included; the unrouted
// and invalid ones of them, which no backend ever got, as discarded.
type Events struct{ Waiting, Routed, Unrouted, Invalid, Discarded uint64 }

// Deliveries counts one backend's deliveries by state. Purged ones are
// included, the dead ones of them as discarded. Retrying are those of the
// waiting ones that had an attempt.
type Deliveries struct{ Waiting, Delivered, Dead, Discarded, Retrying uint64 }
