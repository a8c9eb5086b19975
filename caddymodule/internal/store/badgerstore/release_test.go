package badgerstore

import (
	"errors"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// TestACrashInTheMiddleOfAReleaseReleasesOnce opens what is on disk when the
// event stands in the journal and no step has taken its request out yet.
func TestACrashInTheMiddleOfAReleaseReleasesOnce(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Path: dir})
	q := &event.Quarantined{ID: "k-1", Source: "knolyx", Request: newEvent("k-1", 300<<10).Request}
	must(t, s.Quarantine(ctx, q, 10))
	place := store.PlaceOf(q)
	ev := newEvent("k-1", 300<<10)
	a := arrival{ev: ev, id: ev.ID, source: ev.Source, received: start, from: &place}
	if _, err := s.keep(ctx, &a, store.Dedupe{}); err != nil {
		t.Fatal(err)
	}
	if s.ledger.arrivals() != 1 {
		t.Fatal("a step has been made already; this tests nothing")
	}
	again := open(t, Options{Path: copyOf(t, dir)})
	repeat := newEvent("k-1", 10)
	repeat.Request.Received = start.Add(time.Hour)
	if kept, err := again.Release(ctx, q, repeat, store.Dedupe{}); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("it was released again: %+v, %v", kept, err)
	}
	left, err := again.Quarantined(ctx, "knolyx", store.Place{}, 10)
	must(t, err)
	waiting, err := again.Waiting(ctx, 0, 10)
	must(t, err)
	c, err := again.Counts(ctx)
	must(t, err)
	if len(left) != 0 || len(waiting) != 1 || len(c.InQuarantine) != 0 ||
		c.Sources["knolyx"] != (store.Requests{New: 1, Released: 1}) {
		t.Errorf("%d are left in quarantine, %d events wait, counted %+v", len(left), len(waiting), c)
	}
}
