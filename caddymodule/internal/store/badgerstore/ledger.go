package badgerstore

import (
	"sync"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// ledger is the tally of all that the database holds, with the notes of
// requests that left no record, and the arrivals that it doesn't know of yet.
type ledger struct {
	mu      sync.Mutex
	now     tally
	unsaved bool // notes that no step has written yet
	arrived []*arrival
	keys    map[dedupeHash]*arrival
}

// snapshot is what a step begins with.
func (l *ledger) snapshot() (tally, []*arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.clone(), l.arrived[:len(l.arrived):len(l.arrived)]
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

// add counts a step that has made the first few arrivals known.
func (l *ledger) add(d *tally, indexed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.add(d)
	for _, a := range l.arrived[:indexed] {
		if l.keys[a.key] == a {
			delete(l.keys, a.key)
		}
	}
	l.arrived = append([]*arrival(nil), l.arrived[indexed:]...)
}

// arrive takes in what stands in the journal, in its order.
func (l *ledger) arrive(all []*arrival) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.keys == nil {
		l.keys = make(map[dedupeHash]*arrival)
	}
	for _, a := range all {
		if a.window > 0 {
			l.keys[a.key] = a
		}
	}
	l.arrived = append(l.arrived, all...)
}

// arrival is the one with a dedupe key, nil if there is none.
func (l *ledger) arrival(key dedupeHash) *arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.keys[key]
}

func (l *ledger) arrivals() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.arrived)
}

func (l *ledger) note(source string, n store.Requests) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now.source(source, n)
	l.unsaved = true
}

// hasUnsaved tells of what the next step would write.
func (l *ledger) hasUnsaved() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unsaved || len(l.arrived) > 0
}

func (l *ledger) quarantined(source string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now.Quarantine[source]
}

func (l *ledger) counts() store.Counts {
	t, arrived := l.snapshot()
	for _, a := range arrived {
		t.source(a.source, a.counts())
		t.events(store.Events{Waiting: 1})
	}
	return store.Counts{Sources: t.Sources, Events: t.Events, Backends: t.Backends, InQuarantine: t.Quarantine}
}
