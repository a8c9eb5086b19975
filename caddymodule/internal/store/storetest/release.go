package storetest

import (
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// released makes the event of a quarantined request, as it is kept.
func (b *bench) released(q *event.Quarantined, at time.Time) *event.Event {
	ev := b.event(at)
	ev.ID, ev.Source, ev.Sender, ev.Request = q.ID, q.Source, q.Sender, q.Request
	ev.Request.Received = at
	return ev
}

func (b *bench) inQuarantine(q *event.Quarantined) *event.Quarantined {
	b.Helper()
	b.must(b.Quarantine(ctx, q, 10))
	return q
}

func releasesHappenOnce(b *bench) {
	q := b.inQuarantine(b.quarantined(start))
	b.inQuarantine(b.quarantined(start))
	now := start.Add(time.Hour)
	ev := b.released(q, now)
	var mu sync.Mutex
	var all sync.WaitGroup
	once := 0
	for _, mine := range slices.Repeat([]event.Event{*ev}, 8) {
		all.Go(func() {
			k, err := b.Release(ctx, q, &mine, store.Dedupe{}) // no key tells the second from the first
			mu.Lock()
			defer mu.Unlock()
			if err == nil && !k.Duplicate && k.ID == ev.ID {
				once++
				ev.Seq = mine.Seq
			} else if !errors.Is(err, store.ErrNotFound) {
				b.Errorf("%+v, %v", k, err)
			}
		})
	}
	all.Wait()
	for range 2 {
		left, err := b.Quarantined(ctx, "knolyx", store.Place{}, 10)
		b.must(err)
		c := b.counts()
		if once != 1 || len(left) != 1 || c.InQuarantine["knolyx"] != 1 || c.Events != (store.Events{Waiting: 1}) ||
			c.Sources["knolyx"] != (store.Requests{New: 1, Quarantined: 1, Released: 1}) {
			b.Errorf("released %d times, %d are left, counted %+v", once, len(left), c)
		}
		b.sameEvent(ev)
		b.waiting(0, 10, []uint64{1})
		b.restart()
		_, err = b.Release(ctx, q, b.released(q, now), store.Dedupe{})
		b.refuses(store.ErrNotFound, err)
	}
}

func releasesMayBeDuplicates(b *bench) {
	q := b.inQuarantine(b.quarantined(start))
	d := store.Dedupe{Key: "k", Window: time.Hour}
	first := b.event(start)
	b.keep(first, d)
	k, err := b.Release(ctx, q, b.released(q, start.Add(time.Minute)), d)
	b.must(err)
	if !k.Duplicate || k.ID != first.ID {
		b.Errorf("got %+v, want a duplicate of %s", k, first.ID)
	}
	again := b.inQuarantine(b.quarantined(start))
	b.must2(b.Release(ctx, again, b.released(again, start), store.Dedupe{Key: "other", Window: time.Hour}))
	if !b.keep(b.event(start), store.Dedupe{Key: "other", Window: time.Hour}).Duplicate {
		b.Error("its dedupe key wasn't kept")
	}
	want := store.Requests{New: 2, Duplicate: 2, Released: 2}
	for range 2 {
		if c := b.counts(); c.Sources["knolyx"] != want || len(c.InQuarantine) != 0 {
			b.Errorf("counted %+v", c)
		}
		b.restart()
	}
}

func (b *bench) must2(_ store.Kept, err error) {
	b.Helper()
	b.must(err)
}

func quarantineIsDiscarded(b *bench) {
	q := b.quarantined(start)
	q.Request.Body = make([]byte, 1<<20)
	b.inQuarantine(q)
	b.must(b.DiscardQuarantined(ctx, q))
	b.refuses(store.ErrNotFound, b.DiscardQuarantined(ctx, q))
	b.restart()
	left, err := b.Quarantined(ctx, "knolyx", store.Place{}, 10)
	b.must(err)
	if c := b.counts(); len(left) != 0 || len(c.InQuarantine) != 0 || c.Sources["knolyx"] != (store.Requests{Quarantined: 1}) {
		b.Errorf("%d are left, counted %+v", len(left), c)
	}
}

func quarantineIsNumbered(b *bench) {
	seen := make(map[uint64]bool)
	for i := range 6 {
		q := b.inQuarantine(b.quarantined(start)) // all at the same moment
		if seen[q.Number] {
			b.Errorf("the number %d was given twice", q.Number)
		}
		seen[q.Number] = true
		if i%2 == 0 {
			b.must2(b.Release(ctx, q, b.released(q, start), store.Dedupe{}))
		}
		b.restart()
	}
}

func quarantineIsPaged(b *bench) {
	for _, wait := range []int{2, 0, 0, 1} {
		b.inQuarantine(b.quarantined(start.Add(time.Duration(wait) * time.Second)))
	}
	var got []uint64
	for after := (store.Place{}); ; {
		page, err := b.Quarantined(ctx, "knolyx", after, 1)
		b.must(err)
		if len(page) == 0 {
			break
		}
		got = append(got, page[0].Number)
		after = store.PlaceOf(page[0])
	}
	if len(got) != 4 || got[3] != 0 {
		b.Errorf("got the numbers %v, want the oldest four and the first of them last", got)
	}
}
