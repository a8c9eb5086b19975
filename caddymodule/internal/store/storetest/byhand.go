package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// dies records attempts of the next delivery until it is dead.
func (b *bench) dies(backend string, at time.Time) *event.Delivery {
	b.Helper()
	d := b.lease(backend, at)
	d.Add(event.Attempt{At: at, Status: 503, Answer: []byte("busy")})
	d.State, d.Finished = event.Dead, at
	b.must(b.Record(ctx, d))
	return d
}

func retriesStartAnew(b *bench) {
	ev := b.routed(start, "", "crm", "billing")
	d := b.dies("crm", start)
	now := start.Add(time.Hour)
	b.must(b.Retry(ctx, ev.Seq, "crm", now))
	b.nothingDue("crm", now.Add(-time.Millisecond), now)
	again := b.lease("crm", now)
	d.State, d.Due, d.Since, d.Finished = event.Waiting, now, now, time.Time{}
	if !reflect.DeepEqual(again, d) {
		b.Errorf("leased %+v\nwant %+v", again, d)
	}
	if got := b.counts().Backends["crm"]; got != (store.Deliveries{Waiting: 1, Retrying: 1}) {
		b.Errorf("counted %+v", got)
	}
	b.restart()
	b.finish(b.lease("crm", now), now, event.Delivered)
	b.finish(b.lease("billing", start), start, event.Delivered)
	p := store.Policy{Now: now.Add(time.Hour), Finished: time.Hour}
	if got := b.purge(p); got != (store.Purged{Finished: 1}) {
		b.Errorf("purged %+v", got)
	}
	want := store.Deliveries{Delivered: 1}
	if c := b.counts().Backends; c["crm"] != want || c["billing"] != want {
		b.Errorf("counted %+v", c)
	}
}

func retriesLineUp(b *bench) {
	first := b.routed(start, "a", "crm")
	b.routed(start, "a", "crm")
	b.routed(start, "a", "crm")
	b.dies("crm", start)
	head := b.lease("crm", start)
	b.must(b.Retry(ctx, first.Seq, "crm", start))
	b.nothingDue("crm", start, time.Time{}) // the line goes one at a time
	b.restart()
	for _, want := range []uint64{2, 3, 1} {
		head = b.lease("crm", start)
		if head.Seq != want {
			b.Fatalf("leased %d, want %d", head.Seq, want)
		}
		b.nothingDue("crm", start, time.Time{})
		b.finish(head, start, event.Delivered)
	}
	if head.Count != 2 || head.Attempts[0].Status != 503 {
		b.Errorf("it lost its attempts in the line: %+v", head)
	}
	b.dies("crm", b.routed(start, "a", "crm").Request.Received)
	b.must(b.Retry(ctx, 4, "crm", start))
	b.lease("crm", start) // alone in its line
}

func onlyTheDeadAreRetried(b *bench) {
	b.routed(start, "", "crm")
	d := b.lease("crm", start)
	b.refuses(store.ErrState, b.Retry(ctx, 1, "crm", start))
	b.refuses(store.ErrNotFound, b.Retry(ctx, 1, "billing", start))
	b.refuses(store.ErrNotFound, b.Retry(ctx, 9, "crm", start))
	b.finish(d, start, event.Dead)
	b.must(b.Retry(ctx, 1, "crm", start))
	b.refuses(store.ErrState, b.Retry(ctx, 1, "crm", start))
	b.finish(b.lease("crm", start), start, event.Delivered)
	b.refuses(store.ErrState, b.Retry(ctx, 1, "crm", start))
	if got := b.counts().Backends["crm"]; got != (store.Deliveries{Delivered: 1}) {
		b.Errorf("counted %+v", got)
	}
}

func (b *bench) refuses(want, err error) {
	b.Helper()
	if !errors.Is(err, want) {
		b.Errorf("got %v, want %v", err, want)
	}
}

func retriesAreNotPurged(b *bench) {
	ev := b.routed(start, "", "billing")
	b.dies("billing", start)
	b.must(b.Retry(ctx, ev.Seq, "billing", start))
	p := store.Policy{Now: start.Add(time.Hour), Finished: time.Hour, Stuck: time.Hour}
	if got := b.purge(p); got != (store.Purged{}) || b.gone(ev) {
		b.Errorf("purged %+v while it waits", got)
	}
	again := start.Add(time.Minute)
	b.dies("billing", again)
	if got := b.purge(p); got != (store.Purged{}) || b.gone(ev) {
		b.Errorf("purged %+v by its former death", got)
	}
	p.Now = again.Add(time.Hour)
	if got := b.purge(p); got != (store.Purged{Dead: 1}) || !b.gone(ev) {
		b.Errorf("purged %+v at its age", got)
	}
	if got := b.counts().Backends["billing"]; got != (store.Deliveries{Discarded: 1}) {
		b.Errorf("counted %+v", got)
	}
	b.finds(store.Query{State: event.Dead})
}

func stuckEventsAreRerouted(b *bench) {
	for _, state := range []event.State{event.Unrouted, event.Invalid} {
		ev := b.stuck(start, state)
		r := routing(ev, start.Add(time.Minute), "", "crm", "billing")
		b.must(b.Reroute(ctx, r))
		b.restart()
		got, err := b.Event(ctx, ev.Seq)
		b.must(err)
		if !reflect.DeepEqual(got.Outcome, r.Outcome) {
			b.Errorf("got %+v\nwant %+v", got.Outcome, r.Outcome)
		}
		b.finds(store.Query{State: state})
		b.finish(b.lease("crm", r.Outcome.At), r.Outcome.At, event.Delivered)
		b.finish(b.lease("billing", r.Outcome.At), r.Outcome.At, event.Delivered)
	}
	still := b.stuck(start, event.Invalid)
	o := event.Outcome{State: event.Unrouted, At: start.Add(time.Minute)}
	b.must(b.Reroute(ctx, store.Routing{Seq: still.Seq, Outcome: o}))
	if got := b.counts().Events; got != (store.Events{Routed: 2, Unrouted: 1}) {
		b.Errorf("counted %+v", got)
	}
	p := store.Policy{Now: start.Add(time.Hour), Stuck: time.Hour}
	if got := b.purge(p); got != (store.Purged{}) {
		b.Errorf("purged %+v by its former outcome", got)
	}
	p.Now = o.At.Add(time.Hour)
	if got := b.purge(p); got != (store.Purged{Unrouted: 1}) {
		b.Errorf("purged %+v", got)
	}
	p.Finished = time.Hour
	if got := b.purge(p); got != (store.Purged{Finished: 2}) {
		b.Errorf("purged %+v, want those that were rerouted", got)
	}
}

func largeOutcomesAreReplaced(b *bench) {
	ev := b.kept(start)
	name := string(bytes.Repeat([]byte("x"), 1<<20))
	o := event.Outcome{State: event.Unrouted, At: start}
	for i := range 3 {
		o.Normalized.Data.Student = &event.Person{ID: string(rune('1' + i)), Name: name[i:]}
		r := store.Routing{Seq: ev.Seq, Outcome: o}
		if i == 0 {
			b.must(b.Route(ctx, []store.Routing{r}))
		} else {
			b.must(b.Reroute(ctx, r))
		}
		b.restart()
		got, err := b.Event(ctx, ev.Seq)
		b.must(err)
		if !reflect.DeepEqual(got.Outcome, o) {
			b.Errorf("outcome %d came back as another", i)
		}
	}
	if got := b.purge(store.Policy{Now: start.Add(time.Hour), Stuck: time.Hour}); got != (store.Purged{Unrouted: 1}) {
		b.Errorf("purged %+v", got)
	}
}

func onlyTheStuckAreRerouted(b *bench) {
	waits, routed, stuck := b.kept(start), b.routed(start, "", "crm"), b.stuck(start, event.Unrouted)
	b.refuses(store.ErrState, b.Reroute(ctx, routing(waits, start, "", "billing")))
	b.refuses(store.ErrState, b.Reroute(ctx, routing(routed, start, "", "billing")))
	b.refuses(store.ErrNotFound, b.Reroute(ctx, routing(&event.Event{Seq: 99}, start, "", "billing")))
	bad := routing(stuck, start, "", "billing")
	bad.Outcome.State = event.Waiting
	if b.Reroute(ctx, bad) == nil {
		b.Error("a stuck event became a waiting one")
	}
	b.nothingDue("billing", start, time.Time{})
	if got := b.counts().Events; got != (store.Events{Waiting: 1, Routed: 1, Unrouted: 1}) {
		b.Errorf("counted %+v", got)
	}
}

func discardedThingsGo(b *bench) {
	unrouted, invalid := b.stuck(start, event.Unrouted), b.stuck(start, event.Invalid)
	alone, mixed := b.routed(start, "", "crm"), b.routed(start, "", "crm", "billing")
	b.dies("crm", start)
	b.dies("crm", start)
	later := start.Add(time.Minute)
	b.must(b.Discard(ctx, unrouted.Seq, "", later))
	b.must(b.Discard(ctx, invalid.Seq, "", later))
	b.must(b.Discard(ctx, alone.Seq, "crm", later))
	b.must(b.Discard(ctx, mixed.Seq, "crm", later))
	b.restart()
	for _, ev := range []*event.Event{unrouted, invalid, alone} {
		if !b.gone(ev) {
			b.Errorf("event %d is still there", ev.Seq)
		}
	}
	b.finish(b.lease("billing", start), start, event.Delivered)
	ds, err := b.Deliveries(ctx, mixed.Seq)
	b.must(err)
	if ds[0].State != event.Discarded || !ds[0].Finished.Equal(later) || ds[1].State != event.Delivered {
		b.Errorf("the deliveries became %+v, %+v", ds[0], ds[1])
	}
	b.finds(store.Query{}, mixed.Seq)
	b.finds(store.Query{State: event.Dead})
	c := b.counts()
	if c.Events != (store.Events{Routed: 2, Discarded: 2}) || c.Backends["crm"] != (store.Deliveries{Discarded: 2}) {
		b.Errorf("counted %+v", c)
	}
	if got := b.purge(store.Policy{Now: later.Add(time.Hour), Finished: time.Hour, Stuck: time.Hour}); got != (store.Purged{Finished: 1}) {
		b.Errorf("purged %+v, want the one that is left", got)
	}
}

func onlyTheStuckAreDiscarded(b *bench) {
	waits, routed := b.kept(start), b.routed(start, "", "crm")
	b.refuses(store.ErrState, b.Discard(ctx, waits.Seq, "", start))
	b.refuses(store.ErrState, b.Discard(ctx, routed.Seq, "", start))
	b.refuses(store.ErrState, b.Discard(ctx, routed.Seq, "crm", start))
	b.refuses(store.ErrNotFound, b.Discard(ctx, routed.Seq, "billing", start))
	b.refuses(store.ErrNotFound, b.Discard(ctx, 99, "", start))
	b.dies("crm", start)
	b.must(b.Discard(ctx, routed.Seq, "crm", start))
	b.refuses(store.ErrNotFound, b.Discard(ctx, routed.Seq, "crm", start))
	b.refuses(store.ErrNotFound, b.Retry(ctx, routed.Seq, "crm", start))
}

func retryingIsCounted(b *bench) {
	b.routed(start, "", "crm")
	for range 2 {
		d := b.lease("crm", start)
		d.Add(event.Attempt{At: start, Status: 503})
		b.must(b.Record(ctx, d))
		if got := b.counts().Backends["crm"]; got != (store.Deliveries{Waiting: 1, Retrying: 1}) {
			b.Errorf("counted %+v", got)
		}
		b.restart()
	}
	b.finish(b.lease("crm", start), start, event.Delivered)
	if got := b.counts().Backends["crm"]; got != (store.Deliveries{Delivered: 1}) {
		b.Errorf("counted %+v", got)
	}
}

func replaysAreCounted(b *bench) {
	first := b.kept(start)
	again := b.event(start)
	again.ID, again.ReplayOf = first.ID, first.ID
	d := store.Dedupe{Key: "replay", Window: time.Hour}
	if b.keep(again, d).Duplicate || !b.keep(again, d).Duplicate {
		b.Error("a replay is not kept once under its own key")
	}
	b.restart()
	b.sameEvent(again)
	if got := b.counts().Sources["knolyx"]; got != (store.Requests{New: 1, Replayed: 1}) {
		b.Errorf("counted %+v", got)
	}
}

func pausesOutliveARestart(b *bench) {
	want := map[string]store.Pause{"crm": {Paused: true, Since: start}, "billing": {Since: start.Add(time.Hour)}}
	for name, p := range want {
		b.must(b.SetPause(ctx, name, store.Pause{}))
		b.must(b.SetPause(ctx, name, p))
	}
	b.restart()
	if got, err := b.Pauses(ctx); err != nil || !reflect.DeepEqual(got, want) {
		b.Errorf("got %+v, %v", got, err)
	}
}
