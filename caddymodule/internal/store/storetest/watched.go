package storetest

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// RunWatched tests what a store offers to those who watch it, and what it
// remembers for them.
func RunWatched(t *testing.T, open func(t *testing.T, dir string) store.Store) {
	run(t, open, watchedPromises)
}

var watchedPromises = map[string]func(*bench){
	"a store is ready until it is closed":                    readyUntilClosed,
	"the oldest waiting delivery of each backend is known":   oldestIsKnown,
	"the oldest waiting delivery is known after a restart":   oldestOutlivesARestart,
	"commits are told with the steps that shared them":       commitsAreTold,
	"a duplicate with another body is told from a true one":  otherBodiesAreTold,
	"an event remembers its trace, after a restart too":      tracesAreRemembered,
	"a body that is another is told after a restart as well": otherBodiesOutliveARestart,
}

func (b *bench) watched() store.Watched {
	b.Helper()
	w, ok := b.Store.(store.Watched)
	if !ok {
		b.Fatalf("%T is not watched", b.Store)
	}
	return w
}

func readyUntilClosed(b *bench) {
	w := b.watched()
	if err := w.Ready(); err != nil {
		b.Errorf("an open store isn't ready: %v", err)
	}
	b.must(b.Close())
	if err := w.Ready(); !errors.Is(err, store.ErrClosed) {
		b.Errorf("a closed store is ready: %v", err)
	}
	if m := w.Measure(); m.Size != 0 || m.Free != 0 || len(m.Oldest) != 0 {
		b.Errorf("a closed store measures %+v", m)
	}
}

func (b *bench) oldest(want map[string]time.Time) {
	b.Helper()
	got := b.watched().Measure().Oldest
	if len(got) != len(want) {
		b.Errorf("the oldest are %v, want %v", got, want)
	}
	for backend, at := range want {
		if !got[backend].Equal(at) {
			b.Errorf("%s: the oldest is of %v, want %v", backend, got[backend], at)
		}
	}
}

func oldestIsKnown(b *bench) {
	b.oldest(nil)
	later := start.Add(time.Hour)
	b.routed(start, "", "crm", "billing")
	b.routed(later, "", "crm")
	b.oldest(map[string]time.Time{"crm": start, "billing": start})

	// A retry is due later than what came after it, and is the oldest still.
	d := b.lease("crm", later)
	d.Add(event.Attempt{At: later, Status: 503})
	d.Due = later.Add(time.Hour)
	b.must(b.Record(ctx, d))
	b.oldest(map[string]time.Time{"crm": start, "billing": start})

	b.finish(b.lease("crm", later), later, event.Delivered)
	b.finish(b.lease("billing", later), later, event.Dead)
	b.oldest(map[string]time.Time{"crm": start})
	b.finish(b.lease("crm", later.Add(time.Hour)), later, event.Delivered)
	b.oldest(nil)
}

func oldestOutlivesARestart(b *bench) {
	b.routed(start, "student-1", "crm")
	b.routed(start.Add(time.Minute), "student-1", "crm")
	b.restart()
	b.oldest(map[string]time.Time{"crm": start})
	b.finish(b.lease("crm", start), start, event.Delivered)
	b.oldest(map[string]time.Time{"crm": start.Add(time.Minute)})
}

func commitsAreTold(b *bench) {
	var commits, steps atomic.Int64
	b.watched().OnCommit(func(n int, took time.Duration) {
		commits.Add(1)
		steps.Add(int64(n))
		if n < 1 || took < 0 {
			b.Errorf("a commit of %d steps took %s", n, took)
		}
	})
	ev := b.kept(start)
	b.must(b.Route(ctx, []store.Routing{routing(ev, start, "", "crm")}))
	b.finish(b.lease("crm", start), start, event.Delivered)
	if steps.Load() != 3 || commits.Load() > 3 || commits.Load() < 1 {
		b.Errorf("told of %d steps in %d commits, want 3 steps", steps.Load(), commits.Load())
	}
}

func otherBodiesAreTold(b *bench) { b.otherBodies(func() {}) }

func otherBodiesOutliveARestart(b *bench) { b.otherBodies(b.restart) }

func (b *bench) otherBodies(between func()) {
	first := b.event(start)
	d := store.Dedupe{Key: "same", Window: time.Hour}
	b.keep(first, d)
	between()
	again := b.event(start)
	again.Request.Body = first.Request.Body
	if k := b.keep(again, d); !k.Duplicate || k.OtherBody {
		b.Errorf("the same body once more is %+v", k)
	}
	if k := b.keep(b.event(start), d); !k.Duplicate || !k.OtherBody {
		b.Errorf("another body under the same key is %+v", k)
	}
}

func tracesAreRemembered(b *bench) {
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	ev := b.event(start)
	ev.Trace = trace
	b.keep(ev, store.Dedupe{})
	b.restart()
	got, err := b.Event(ctx, ev.Seq)
	b.must(err)
	waiting, err := b.Waiting(ctx, 0, 1)
	b.must(err)
	if got.Trace != trace || len(waiting) != 1 || waiting[0].Trace != trace {
		b.Errorf("the event's trace is %q", got.Trace)
	}
}
