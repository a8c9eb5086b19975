package storetest

import (
	"context"
	"errors"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func notesOutliveClose(b *bench) {
	b.Note("knolyx", store.Requests{Refused: 2})
	b.Note("knolyx", store.Requests{Refused: 1, Duplicate: 4})
	ev := b.kept(start)
	b.Note("new", store.Requests{Refused: 1})
	b.keep(b.event(start), store.Dedupe{Key: ev.ID, Window: time.Hour}) // counted, not written
	for range 2 {
		c := b.counts()
		if got, want := c.Sources["knolyx"], (store.Requests{New: 1, Duplicate: 5, Refused: 3}); got != want {
			b.Errorf("counted %+v, want %+v", got, want)
		}
		if c.Sources["new"].Refused != 1 {
			b.Errorf("counted %+v of the new source", c.Sources["new"])
		}
		b.restart()
	}
}

func closedStoresRefuse(b *bench) {
	b.routed(start, "", "crm")
	d := b.lease("crm", start)
	s := b.Store
	b.must(s.Close())
	b.must(s.Close())
	b.Store = b.open(b.T, b.dir)
	_, keep := s.Keep(ctx, b.event(start), store.Dedupe{})
	_, waiting := s.Waiting(ctx, 0, 1)
	_, _, lease := s.Lease(ctx, "crm", start, 1, 0)
	_, ev := s.Event(ctx, 1)
	_, ds := s.Deliveries(ctx, 1)
	_, qs := s.Quarantined(ctx, "a", store.Place{}, 1)
	_, purge := s.Purge(ctx, store.Policy{}, 1)
	_, counts := s.Counts(ctx)
	_, find := s.Find(ctx, store.Query{Look: 1})
	_, release := s.Release(ctx, b.quarantined(start), b.event(start), store.Dedupe{})
	_, pauses := s.Pauses(ctx)
	for name, err := range map[string]error{
		"keep": keep, "waiting": waiting, "lease": lease, "event": ev, "deliveries": ds,
		"quarantined": qs, "purge": purge, "counts": counts, "record": s.Record(ctx, d),
		"route": s.Route(ctx, nil), "quarantine": s.Quarantine(ctx, b.quarantined(start), 9),
		"find": find, "release": release, "pauses": pauses, "retry": s.Retry(ctx, 1, "crm", start),
		"reroute": s.Reroute(ctx, routing(b.event(start), start, "")), "discard": s.Discard(ctx, 1, "", start),
		"discard quarantined": s.DiscardQuarantined(ctx, b.quarantined(start)),
		"pause":               s.SetPause(ctx, "crm", store.Pause{}),
	} {
		if !errors.Is(err, store.ErrClosed) {
			b.Errorf("%s: %v", name, err)
		}
	}
	s.Note("a", store.Requests{Refused: 1})
	s.Return(d)
	if got := b.counts().Sources["a"]; got != (store.Requests{}) {
		b.Errorf("a closed store counted %+v", got)
	}
}

func endedContextsStopOperations(b *bench) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	ev := b.event(start)
	if _, err := b.Keep(ended, ev, store.Dedupe{Key: "k", Window: time.Hour}); !errors.Is(err, context.Canceled) {
		b.Errorf("keep: %v", err)
	}
	if err := b.Quarantine(ended, b.quarantined(start), 9); !errors.Is(err, context.Canceled) {
		b.Errorf("quarantine: %v", err)
	}
	if _, _, err := b.Lease(ended, "crm", start, 1, 0); !errors.Is(err, context.Canceled) {
		b.Errorf("lease: %v", err)
	}
	if c := b.counts(); c.Events.Waiting != 0 || c.Sources["knolyx"] != (store.Requests{}) {
		b.Errorf("counted %+v", c)
	}
}
