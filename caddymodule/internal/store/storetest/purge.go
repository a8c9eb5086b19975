package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func (b *bench) gone(ev *event.Event) bool {
	b.Helper()
	_, err := b.Event(ctx, ev.Seq)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		b.Fatal(err)
	}
	_, dsErr := b.Deliveries(ctx, ev.Seq)
	if (err == nil) != (dsErr == nil) {
		b.Fatalf("event: %v, deliveries: %v", err, dsErr)
	}
	return err != nil
}

func finishedEventsGo(b *bench) {
	dropped := b.routed(start, "")
	sent := b.routed(start, "", "crm", "billing")
	finished := start.Add(time.Minute)
	b.finish(b.lease("crm", start), start, event.Delivered)
	b.finish(b.lease("billing", start), finished, event.Delivered)

	p := store.Policy{Now: start.Add(time.Hour), Finished: time.Hour, Stuck: time.Nanosecond}
	if got := b.purge(p); got != (store.Purged{Finished: 1}) || !b.gone(dropped) {
		b.Errorf("purged %+v, want the one without deliveries", got)
	}
	p.Now = finished.Add(time.Hour - time.Millisecond)
	if got := b.purge(p); got != (store.Purged{}) || b.gone(sent) {
		b.Errorf("a millisecond early: %+v", got)
	}
	b.restart()
	p.Now = finished.Add(time.Hour)
	if got := b.purge(p); got != (store.Purged{Finished: 1}) || !b.gone(sent) {
		b.Errorf("at its age: %+v", got)
	}
	want := store.Counts{Events: store.Events{Routed: 2}}
	if got := b.counts(); got.Events != want.Events || got.Backends["crm"].Delivered != 1 {
		b.Errorf("after the purge %+v is counted, want %+v", got, want)
	}
	b.restart()
	if next := b.kept(start); next.Seq != 3 {
		b.Errorf("the next event has seq %d, want 3: no place is given twice", next.Seq)
	}
}

// eachAtItsAge routes events of two times in one step.
func eachAtItsAge(b *bench) {
	var routings []store.Routing
	for _, at := range []time.Time{start, start.Add(time.Minute)} {
		ev := b.kept(at)
		routings = append(routings, store.Routing{Seq: ev.Seq, Outcome: event.Outcome{State: event.Unrouted, At: at}})
	}
	b.must(b.Route(ctx, routings))
	for _, n := range []int{1, 0} {
		if got, want := b.purge(store.Policy{Now: start.Add(time.Hour), Stuck: time.Hour}), (store.Purged{Unrouted: n}); got != want {
			b.Errorf("purged %+v, want %+v", got, want)
		}
	}
	if got, want := b.purge(store.Policy{Now: start.Add(time.Hour + time.Minute), Stuck: time.Hour}), (store.Purged{Unrouted: 1}); got != want {
		b.Errorf("a minute later purged %+v, want %+v", got, want)
	}
}

func stuckEventsGo(b *bench) {
	for _, state := range []event.State{event.Unrouted, event.Invalid} {
		ev := b.kept(start)
		b.must(b.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: event.Outcome{State: state, At: start}}}))
	}
	b.routed(start, "", "crm", "billing")
	b.finish(b.lease("billing", start), start, event.Dead)
	b.finish(b.lease("crm", start), start, event.Delivered)
	p := store.Policy{Now: start.Add(time.Hour - time.Millisecond), Finished: time.Nanosecond, Stuck: time.Hour}
	if got := b.purge(p); got != (store.Purged{}) {
		b.Errorf("a millisecond early: %+v", got)
	}
	p.Now = start.Add(time.Hour)
	if got, want := b.purge(p), (store.Purged{Unrouted: 1, Invalid: 1, Dead: 1}); got != want {
		b.Errorf("purged %+v, want %+v", got, want)
	}
}

func noAgeKeepsForEver(b *bench) {
	ev := b.routed(start, "")
	b.must(b.Quarantine(ctx, b.quarantined(start), 10))
	if got := b.purge(store.Policy{Now: start.AddDate(50, 0, 0)}); got != (store.Purged{}) || b.gone(ev) {
		b.Errorf("purged %+v", got)
	}
}

func waitingThingsStay(b *bench) {
	unrouted := b.kept(start)
	sent := b.routed(start, "", "crm", "billing")
	b.finish(b.lease("billing", start), start, event.Dead)
	d := b.lease("crm", start)
	d.Add(event.Attempt{At: start})
	d.Due = start.Add(time.Hour)
	b.must(b.Record(ctx, d))
	behind := b.routed(start, "a", "other")
	blocked := b.routed(start, "a", "other")
	p := store.Policy{Now: start.AddDate(50, 0, 0), Finished: 1, Stuck: 1, Quarantine: 1}
	if got := b.purge(p); got != (store.Purged{}) {
		b.Errorf("purged %+v", got)
	}
	for _, ev := range []*event.Event{unrouted, sent, behind, blocked} {
		if b.gone(ev) {
			b.Errorf("event %d is gone", ev.Seq)
		}
	}
}

func purgesGoInSteps(b *bench) {
	for range 5 {
		b.routed(start, "")
		b.must(b.Quarantine(ctx, b.quarantined(start), 10))
	}
	p := store.Policy{Now: start.Add(time.Hour), Finished: time.Hour, Quarantine: time.Hour}
	var total store.Purged
	for step := 1; ; step++ {
		got, err := b.Purge(ctx, p, 3)
		b.must(err)
		if n := got.Finished + got.Quarantined; n > 3 || got.More != (step < 4) {
			b.Fatalf("step %d purged %+v", step, got)
		}
		total.Finished += got.Finished
		total.Quarantined += got.Quarantined
		if !got.More {
			break
		}
	}
	if total != (store.Purged{Finished: 5, Quarantined: 5}) {
		b.Errorf("purged %+v", total)
	}
}

func purgedEventsAreRemembered(b *bench) {
	ev := b.routed(start, "")
	b.purge(store.Policy{Now: start.Add(time.Minute), Finished: time.Second})
	if !b.gone(ev) {
		b.Fatal("it wasn't purged")
	}
	k := b.keep(b.event(start.Add(time.Minute)), store.Dedupe{Key: ev.ID, Window: time.Hour})
	if !k.Duplicate || k.ID != ev.ID {
		b.Errorf("got %+v, want a duplicate of %s", k, ev.ID)
	}
}

func (b *bench) quarantined(at time.Time) *event.Quarantined {
	ev := b.event(at)
	return &event.Quarantined{
		ID: fmt.Sprintf("q-%d", b.n), Source: ev.Source, Sender: ev.Sender, Reason: "no signature", Request: ev.Request,
		URL: "https://hooks/knolyx?token=t", Token: "t",
	}
}
