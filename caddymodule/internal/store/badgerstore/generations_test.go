package badgerstore

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// TestNoDuplicateIsMissedWhileFiltersAreFilled fills them again and again while
// events come, are indexed and come again.
func TestNoDuplicateIsMissedWhileFiltersAreFilled(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	var senders, builder sync.WaitGroup
	done := make(chan struct{})
	builder.Go(func() {
		for {
			for _, g := range s.generations.newestFirst() {
				g.whole.Store(false)
			}
			s.fillFilters()
			select {
			case <-done:
				return
			default:
			}
		}
	})
	for sender := range 4 {
		senders.Go(func() {
			for n := range 200 {
				id := fmt.Sprintf("%d-%d", sender, n)
				ev := keep(t, s, id, 10)
				if n%3 == 0 {
					must(t, route(s, ev, "", 0))
				}
				for _, again := range []string{id, fmt.Sprintf("%d-%d", sender, n/2)} {
					if !isKnown(t, s, again) {
						t.Errorf("%s came again and is new", again)
					}
				}
			}
		})
	}
	senders.Wait()
	close(done)
	builder.Wait()
}

// isKnown sends an event again.
func isKnown(t *testing.T, s *Store, id string) bool {
	t.Helper()
	k, err := s.Keep(ctx, newEvent(id, 10), store.Dedupe{Key: id, Window: time.Hour})
	must(t, err)
	return k.Duplicate
}

func TestEveryDuplicateIsKnownAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	for n := range 30 {
		ev := keep(t, s, fmt.Sprint(n), 10)
		if n < 20 {
			must(t, route(s, ev, "", 0))
		}
	}
	for name, dir := range map[string]string{"killed": copyOf(t, dir), "closed": dir} {
		t.Run(name, func(t *testing.T) {
			must(t, s.Close())
			again := open(t, Options{Path: dir})
			for n := range 30 {
				if !isKnown(t, again, fmt.Sprint(n)) {
					t.Errorf("%d is new", n)
				}
			}
		})
	}
}

// TestDedupeKeysGoWhenTheLastOfTheirGenerationNoLongerCounts purges at each hour:
// a generation stands until its last key may go, and the newest for ever.
func TestDedupeKeysGoWhenTheLastOfTheirGenerationNoLongerCounts(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	for n := range 30 {
		ev := newEvent(fmt.Sprint(n), 10)
		window := time.Hour
		if n == 12 { // in the second generation
			window = 5 * time.Hour
		}
		_, err := s.Keep(ctx, ev, store.Dedupe{Key: ev.ID, Window: window})
		must(t, err)
		must(t, s.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: event.Outcome{State: event.Routed, At: start}}}))
	}
	for _, c := range []struct{ hours, keys, generations int }{{0, 30, 4}, {1, 15, 2}, {4, 15, 2}, {5, 7, 1}} {
		must(t, purgeAll(s, start.Add(time.Duration(c.hours)*time.Hour)))
		keys, known := dedupeKeysOf(t, s)
		if keys != c.keys || known != c.generations || len(s.generations.newestFirst()) != c.generations {
			t.Errorf("after %d hours %d keys in %d generations, %d in memory; want %d in %d",
				c.hours, keys, known, len(s.generations.newestFirst()), c.keys, c.generations)
		}
	}
	must(t, s.Close())
	s = open(t, Options{Path: dir})
	if !isKnown(t, s, "29") || isKnown(t, s, "12") {
		t.Error("what counted still is new, or what was purged is known")
	}
}

// purgeAll purges what no longer counts, a few keys at a time.
func purgeAll(s *Store, now time.Time) error {
	for {
		p, err := s.Purge(ctx, store.Policy{Now: now}, 3)
		if err != nil || !p.More {
			return err
		}
	}
}

func dedupeKeysOf(t *testing.T, s *Store) (all, generations int) {
	t.Helper()
	must(t, s.versions.view(func(txn *badger.Txn) error {
		for key := range keys(txn, []byte{eventKind}) {
			if !isOutcome(key) {
				all++
			}
		}
		for range keys(txn, []byte{generationKind}) {
			generations++
		}
		return nil
	}))
	return all, generations
}
