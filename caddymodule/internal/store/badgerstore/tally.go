package badgerstore

import (
	"maps"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// tally is what is counted beside the records: the running counts, and where
// the order of arrival stands. A difference of two tallies is a tally too; its
// numbers may be negative in two's complement.
type tally struct {
	Sources  map[string]store.Requests   `cbor:"1,keyasint"`
	Events   store.Events                `cbor:"2,keyasint"`
	Backends map[string]store.Deliveries `cbor:"3,keyasint"`
	// Seq is the newest event's that the database knows of.
	Seq uint64 `cbor:"4,keyasint"`
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
}
