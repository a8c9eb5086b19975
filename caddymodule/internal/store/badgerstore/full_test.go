package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// queuedTogether holds the committer of changes while all are queued, so that they
// are one batch.
func queuedTogether(t *testing.T, s *Store, changes ...func()) {
	t.Helper()
	s.changes.busy <- struct{}{}
	var all sync.WaitGroup
	for i, f := range changes {
		all.Go(f)
		waitFor(t, func() bool { return len(s.changes.queued) == i+1 })
	}
	<-s.changes.busy
	all.Wait()
}

func mustTakeMore(t *testing.T, s *Store) {
	t.Helper()
	if _, err := s.Keep(ctx, newEvent("one more", 10), store.Dedupe{Key: "one more", Window: time.Hour}); err != nil {
		t.Errorf("an event after it: %v", err)
	}
}

func TestManyLargeForgeriesAtOnceAreQuarantined(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	var forgeries []func()
	for i := range 24 {
		forgeries = append(forgeries, func() {
			if err := s.Quarantine(ctx, &event.Quarantined{ID: fmt.Sprint(i), Source: "a", Request: event.Request{
				Received: start, Body: bytes.Repeat([]byte("x"), 250_000),
			}}, 1000); err != nil {
				t.Error(err)
			}
		})
	}
	queuedTogether(t, s, forgeries...)
	mustTakeMore(t, s)
}

// delivered keeps events with a delivery to each of some backends, which all end so.
func delivered(t *testing.T, s *Store, events int, backends []string, end event.State) {
	for i := range events {
		ev := keep(t, s, fmt.Sprint(i), 10)
		var ds []*event.Delivery
		for _, name := range backends {
			ds = append(ds, &event.Delivery{Seq: ev.Seq, Backend: name, EventID: ev.ID, State: event.Waiting, Created: start, Due: start, Since: start})
		}
		must(t, s.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: event.Outcome{State: event.Routed, At: start, Backends: backends}, Deliveries: ds}}))
	}
	var all sync.WaitGroup
	for _, name := range backends {
		ds, _, err := s.Lease(ctx, name, start, events, 0)
		must(t, err)
		for _, d := range ds {
			all.Go(func() {
				d.State, d.Finished, d.Count = end, start, 1
				if err := s.Record(ctx, d); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
}

func TestEventsOfManyDeliveriesArePurged(t *testing.T) {
	for _, c := range []struct {
		backends int
		end      event.State
	}{{13, event.Delivered}, {7, event.Dead}} {
		t.Run(string(c.end), func(t *testing.T) {
			s := open(t, Options{Path: t.TempDir()})
			const events = 520
			var names []string
			for i := range c.backends {
				names = append(names, fmt.Sprintf("backend-%02d", i))
			}
			delivered(t, s, events, names, c.end)
			purged := 0
			for more := true; more; {
				p, err := s.Purge(ctx, store.Policy{Now: start.Add(time.Hour), Finished: time.Minute, Stuck: time.Minute}, 500)
				must(t, err)
				purged, more = purged+p.Finished+p.Dead, p.More
			}
			if purged != events {
				t.Errorf("%d were purged", purged)
			}
			mustTakeMore(t, s)
		})
	}
}

func TestLargeOutcomesAndLongAttemptsShareABatch(t *testing.T) {
	s := open(t, Options{Path: t.TempDir()})
	for i := range 4 {
		must(t, route(s, keep(t, s, fmt.Sprint("tried", i), 10), "", 0))
	}
	tried, _, err := s.Lease(ctx, "crm", start, 4, 0)
	must(t, err)
	var changes []func()
	for _, d := range tried {
		for range event.KeptAttempts {
			d.Add(event.Attempt{At: start, Status: 500, Error: "answered 500", Answer: bytes.Repeat([]byte("x"), 4<<10)})
		}
		changes = append(changes, func() {
			if err := s.Record(ctx, d); err != nil {
				t.Error(err)
			}
		})
	}
	var rs []store.Routing
	for i := range 40 {
		ev := keep(t, s, fmt.Sprint("routed", i), 10)
		rs = append(rs, routingOf(ev, start, 12_000))
	}
	queuedTogether(t, s, append(changes, func() {
		if err := s.Route(ctx, rs); err != nil {
			t.Error(err)
		}
	})...)
	mustTakeMore(t, s)
}

func TestWhatArrivesWhileNoStepIsMadeTakesSeveral(t *testing.T) {
	path := t.TempDir()
	s := open(t, Options{Path: path})
	s.changes.busy <- struct{}{}
	for i := range unindexed - 1 {
		id := fmt.Sprint(i, strings.Repeat("x", 600))
		_, err := s.Keep(ctx, newEvent(id, 10), store.Dedupe{Key: id, Window: time.Hour})
		must(t, err)
	}
	<-s.changes.busy
	mustTakeMore(t, s)
	must(t, s.catchUp(ctx))
	if n := s.ledger.arrivals(); n != 0 {
		t.Errorf("%d of them the database doesn't know", n)
	}
	must(t, s.Close())
	mustBeSound(t, path)
}

// A step can't read what is too large for one value and was committed before it.
func TestAnEventThatWasJustReroutedIsNotPurged(t *testing.T) {
	for _, size := range []int{10, 40 << 10} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			path := t.TempDir()
			s := open(t, Options{Path: path})
			ev := keep(t, s, "stuck", 10)
			must(t, s.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: event.Outcome{State: event.Unrouted, At: start, Reasons: []string{"no rule"}}}}))
			now := start.Add(time.Hour)
			queuedTogether(t, s, func() {
				if err := s.Reroute(ctx, routingOf(ev, now, size)); err != nil {
					t.Error(err)
				}
			}, func() {
				if p, err := s.Purge(ctx, store.Policy{Now: now, Stuck: time.Minute}, 500); err != nil || p.Unrouted != 0 {
					t.Errorf("purged %+v, %v", p, err)
				}
			})
			if ds, _, err := s.Lease(ctx, "crm", now, 1, 0); err != nil || len(ds) != 1 {
				t.Errorf("leased %v, %v", ds, err)
			}
			must(t, s.Close())
			mustBeSound(t, path)
		})
	}
}

func TestAChangeThatIsTooLargeFailsWithoutHarm(t *testing.T) {
	path := t.TempDir()
	s := open(t, Options{Path: path})
	keep := func() store.Kept {
		k, err := s.Keep(ctx, newEvent("arrived before it", 10), store.Dedupe{Key: "before", Window: time.Hour})
		must(t, err)
		return k
	}
	keep()
	err := s.submit(ctx, change{apply: func(st *step) error {
		for i := range uint64(10_000) {
			st.put(seqKey(unfinishedKind, i), []byte{0})
		}
		return nil
	}}, stepBytes)
	if !errors.Is(err, badger.ErrTxnTooBig) {
		t.Error(err)
	}
	mustTakeMore(t, s)
	must(t, s.Close())
	mustBeSound(t, path)
	s = open(t, Options{Path: path})
	if k := keep(); !k.Duplicate {
		t.Errorf("its dedupe key is forgotten: %+v", k)
	}
}

func TestPurgesAtTheSameTimePurgeAnEventOnce(t *testing.T) {
	path := t.TempDir()
	s := open(t, Options{Path: path})
	delivered(t, s, 10, []string{"crm"}, event.Delivered)
	var purged atomic.Int64
	purge := func() {
		p, err := s.Purge(ctx, store.Policy{Now: start.Add(time.Hour), Finished: time.Minute}, 500)
		if err != nil {
			t.Error(err)
		}
		purged.Add(int64(p.Finished))
	}
	queuedTogether(t, s, purge, purge)
	if n := purged.Load(); n != 10 {
		t.Errorf("10 events were purged %d times", n)
	}
	must(t, s.Close())
	mustBeSound(t, path)
}
