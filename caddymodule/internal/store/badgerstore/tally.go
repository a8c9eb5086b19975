package badgerstore

import (
	"maps"
	"sync"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// tally is what is counted beside the records: the running counts, and where
// the order of arrival stands. A difference of two tallies is a tally too; its
// numbers may be negative in two's complement.
type tally struct {
	Sources  map[string]store.Requests   `cbor:"1,keyasint"`
	Events   store.Events                `cbor:"2,keyasint"`
	Backends map[string]store.Deliveries `cbor:"3,keyasint"`
	// Seq is the newest event's; PurgedTo is the highest of a purged event.
	Seq      uint64 `cbor:"4,keyasint"`
	PurgedTo uint64 `cbor:"5,keyasint"`
	// RoutedTo says where to look for events that wait: none up to it does.
	RoutedTo uint64 `cbor:"6,keyasint"`
	// Quarantine is what each source's quarantine holds. It isn't written:
	// opening counts it.
	Quarantine map[string]int `cbor:"-"`
}

func newTally() tally {
	return tally{
		Sources:    make(map[string]store.Requests),
		Backends:   make(map[string]store.Deliveries),
		Quarantine: make(map[string]int),
	}
}

func (t *tally) clone() tally {
	c := *t
	c.Sources, c.Backends, c.Quarantine = maps.Clone(t.Sources), maps.Clone(t.Backends), maps.Clone(t.Quarantine)
	return c
}

func (t *tally) source(name string, d store.Requests) {
	r := t.Sources[name]
	r.New += d.New
	r.Duplicate += d.Duplicate
	r.Quarantined += d.Quarantined
	r.Refused += d.Refused
	r.Replayed += d.Replayed
	r.Released += d.Released
	t.Sources[name] = r
}

func (t *tally) events(d store.Events) {
	t.Events.Waiting += d.Waiting
	t.Events.Routed += d.Routed
	t.Events.Unrouted += d.Unrouted
	t.Events.Invalid += d.Invalid
	t.Events.Discarded += d.Discarded
}

func (t *tally) backend(name string, d store.Deliveries) {
	b := t.Backends[name]
	b.Waiting += d.Waiting
	b.Delivered += d.Delivered
	b.Dead += d.Dead
	b.Discarded += d.Discarded
	b.Retrying += d.Retrying
	t.Backends[name] = b
}

func (t *tally) quarantine(source string, d int) {
	t.Quarantine[source] += d
	if t.Quarantine[source] == 0 {
		delete(t.Quarantine, source)
	}
}

func (t *tally) add(d *tally) {
	for name, r := range d.Sources {
		t.source(name, r)
	}
	t.events(d.Events)
	for name, b := range d.Backends {
		t.backend(name, b)
	}
	for name, n := range d.Quarantine {
		t.quarantine(name, n)
	}
	t.Seq += d.Seq
	t.PurgedTo = max(t.PurgedTo, d.PurgedTo)
}

// ledger is the tally of all that is on disk, plus the notes of requests that
// left no record.
type ledger struct {
	mu      sync.Mutex
	now     tally
	unsaved bool // notes that no step has written yet
}

func (l *ledger) snapshot() tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.clone()
}

// with is the tally as it is to be written by a step that adds d.
func (l *ledger) with(d *tally) tally {
	l.mu.Lock()
	defer l.mu.Unlock()
	sum := l.now.clone()
	sum.add(d)
	l.unsaved = false
	return sum
}

func (l *ledger) add(d *tally) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.add(d)
}

func (l *ledger) note(source string, n store.Requests) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.source(source, n)
	l.unsaved = true
}

func (l *ledger) hasUnsaved() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unsaved
}

func (l *ledger) quarantined(source string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.Quarantine[source]
}

func (l *ledger) counts() store.Counts {
	t := l.snapshot()
	return store.Counts{Sources: t.Sources, Events: t.Events, Backends: t.Backends, InQuarantine: t.Quarantine}
}
