package badgerstore

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

func TestNothingIsLeftOfWhatWasPurged(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	for i, size := range []int{10, 2 << 20, 10, 3 << 20} {
		must(t, route(s, keep(t, s, string(rune('a'+i)), size), "line", size))
	}
	for range 4 {
		deliver(t, s)
	}
	both := keep(t, s, "both", 10)
	must(t, s.Route(ctx, []store.Routing{{
		Seq: both.Seq, Outcome: event.Outcome{State: event.Routed, At: start, Backends: []string{"crm", "mail"}},
		Deliveries: []*event.Delivery{
			{Seq: both.Seq, Backend: "crm", State: event.Waiting}, {Seq: both.Seq, Backend: "mail", State: event.Waiting},
		},
	}}))
	deliver(t, s)
	ds, _, err := s.Lease(ctx, "mail", start, 1, 0)
	must(t, err)
	ds[0].State, ds[0].Finished = event.Dead, start
	must(t, s.Record(ctx, ds[0]))
	must(t, s.Quarantine(ctx, &event.Quarantined{
		Source: "a", Request: event.Request{Received: start, Body: make([]byte, 2<<20)},
	}, 9))

	p, err := s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1, Stuck: 1, Quarantine: 1}, 99)
	if err != nil || p != (store.Purged{Finished: 4, Dead: 1, Quarantined: 1}) {
		t.Fatalf("purged %+v, %v", p, err)
	}
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for key := range keys(txn, nil) {
			if key[0] != metaKind && key[0] != generationKind && key[0] != fileKind && (key[0] != eventKind || isOutcome(key)) {
				t.Errorf("left: a record of kind %c: %s", key[0], which(key))
			}
		}
		return nil
	}))
}

// files counts the journal's files and the records of them.
func files(t *testing.T, s *Store) (onDisk, known int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.db.Opts().Dir, "journal", "*"))
	must(t, err)
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for range keys(txn, []byte{fileKind}) {
			known++
		}
		return nil
	}))
	return len(names), known
}

func TestWhatIsDiscardedAndPurgedAtOnceIsCountedOnce(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	old, young := quarantined("old", start), quarantined("young", start.Add(2*time.Hour))
	must(t, s.Quarantine(ctx, old, 10))
	must(t, s.Quarantine(ctx, young, 10))
	queuedTogether(t, s, func() {
		if err := s.DiscardQuarantined(ctx, old); err != nil {
			t.Error(err)
		}
	}, func() {
		if p, err := s.Purge(ctx, store.Policy{Now: start.Add(time.Hour), Quarantine: time.Minute}, 500); err != nil || p.Quarantined != 0 {
			t.Errorf("purged %+v, %v", p, err)
		}
	})
	c, err := s.Counts(ctx)
	must(t, err)
	if c.InQuarantine["a"] != 1 {
		t.Errorf("one is left, and %d are counted", c.InQuarantine["a"])
	}
}

func quarantined(id string, at time.Time) *event.Quarantined {
	return &event.Quarantined{ID: id, Source: "a", Request: event.Request{Received: at, Body: []byte("x")}}
}

func TestAFileOfTheJournalGoesWithTheLastOfItsEvents(t *testing.T) {
	dir := t.TempDir()
	o := Options{Path: dir, journal: journal.Options{FileSize: 1000}}
	s := open(t, o)
	for i := range 9 { // three in each file
		must(t, route(s, keep(t, s, fmt.Sprint(i), 200), "", 0))
	}
	purge := func(want int) {
		t.Helper()
		p, err := s.Purge(ctx, store.Policy{Now: start.Add(2), Finished: 1}, 99)
		if err != nil || p.Finished != want {
			t.Fatalf("purged %+v, %v, want %d", p, err, want)
		}
	}
	for range 5 {
		deliver(t, s)
	}
	purge(5)
	if onDisk, _ := files(t, s); onDisk != 2 {
		t.Errorf("%d files are left, want the two with an event that waits", onDisk)
	}
	for range 4 {
		deliver(t, s)
	}
	purge(4)
	if onDisk, _ := files(t, s); onDisk != 1 {
		t.Errorf("%d files are left, want the one that is written to", onDisk)
	}
	must(t, s.Close())
	s = open(t, o)
	keep(t, s, "new", 200)
	if onDisk, _ := files(t, s); onDisk != 1 {
		t.Errorf("%d files are left after opening, want the new one", onDisk)
	}
	must(t, s.Close())
	s = open(t, o)
	if _, known := files(t, s); known != 1 {
		t.Errorf("the database knows of %d files, want the new one alone", known)
	}
}

// Two backends finish an event at about the same time, and the one that did so
// first is recorded last.
func TestAnEventIsPurgedInWhateverOrderItsDeliveriesDied(t *testing.T) {
	dir := t.TempDir()
	t.Cleanup(func() { mustBeSound(t, dir) })
	s := open(t, Options{Path: dir})
	ev := keep(t, s, "both", 10)
	must(t, s.Route(ctx, []store.Routing{{
		Seq: ev.Seq, Outcome: event.Outcome{State: event.Routed, At: start, Backends: []string{"crm", "mail"}},
		Deliveries: []*event.Delivery{
			{Seq: ev.Seq, Backend: "crm", State: event.Waiting}, {Seq: ev.Seq, Backend: "mail", State: event.Waiting},
		},
	}}))
	for i, backend := range []string{"crm", "mail"} {
		ds, _, err := s.Lease(ctx, backend, start, 1, 0)
		must(t, err)
		ds[0].State, ds[0].Finished = event.Dead, start.Add(-time.Duration(i)*time.Second)
		must(t, s.Record(ctx, ds[0]))
	}
	policy := func(after time.Duration) store.Policy { return store.Policy{Now: start.Add(after), Stuck: time.Minute} }
	for after, want := range []int{0, 0, 1, 0} {
		p, err := s.Purge(ctx, policy([]time.Duration{0, 59500 * time.Millisecond, time.Minute, time.Hour}[after]), 9)
		if err != nil || p.Dead != want {
			t.Errorf("look %d purged %+v, %v; want %d", after, p, err, want)
		}
	}
}

// TestWhatDiesTwiceHidesNoOtherFromPurging puts an event into the index of those
// that are purged some day a second time, as purging does that finds an older entry
// of it stale.
func TestWhatDiesTwiceHidesNoOtherFromPurging(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	for _, seqs := range [][]uint64{{1, 2, 3}, {1}} {
		must(t, s.submit(ctx, change{apply: func(st *step) error {
			for _, seq := range seqs {
				st.mayGo(classDead, start, seq)
				st.keys++
			}
			return nil
		}}, 0))
	}
	found := make(map[uint64]bool)
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for key := range keys(txn, []byte{finishedKind}) {
			value, err := get(txn, key)
			must(t, err)
			var all goners
			must(t, decode(value, &all))
			for _, one := range all {
				found[one.Seq] = true
			}
		}
		return nil
	}))
	if len(found) != 3 {
		t.Errorf("%v are purged some day, not all three", found)
	}
}
