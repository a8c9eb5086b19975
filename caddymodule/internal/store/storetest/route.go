package storetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func routingHappensOnce(b *bench) {
	ev := b.kept(start)
	r := routing(ev, start, "", "crm")
	again := routing(ev, start, "", "billing")
	b.must(b.Route(ctx, []store.Routing{r, again}))
	b.must(b.Route(ctx, []store.Routing{again, routing(&event.Event{Seq: 99}, start, "", "crm")}))
	got, err := b.Event(ctx, ev.Seq)
	b.must(err)
	if !reflect.DeepEqual(got.Outcome.Backends, []string{"crm"}) {
		b.Errorf("the outcome names %v", got.Outcome.Backends)
	}
	b.nothingDue("billing", start, time.Time{})
	c := b.counts()
	if c.Events != (store.Events{Routed: 1}) || c.Backends["crm"].Waiting != 1 || c.Backends["billing"].Waiting != 0 {
		b.Errorf("counted %+v", c)
	}
}

func outcomesComeBack(b *bench) {
	want := event.Outcome{
		State: event.Invalid, Reasons: []string{"no type"}, Dropped: true, At: start, Backends: []string{},
		Normalized: event.Normalized{
			Type: "course.completed", Subject: "student/1", Time: start, Notice: true,
			Data: event.Data{
				Student: &event.Person{ID: "9007199254740993", Name: "caf\xe9"},
				Attempt: &event.Attempted{ID: "1", Score: json.Number("1.50")},
			},
			Previous: &event.Data{Course: &event.Named{ID: "12"}},
			Changed:  []string{"course"},
		},
	}
	ev := b.kept(start)
	b.must(b.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: want}}))
	b.restart()
	got, err := b.Event(ctx, ev.Seq)
	b.must(err)
	if !reflect.DeepEqual(got.Outcome, want) {
		b.Errorf("got %+v\nwant %+v", got.Outcome, want)
	}
}

func badRoutingsAreRefused(b *bench) {
	ev, other := b.kept(start), b.kept(start)
	with := func(change func(*store.Routing)) store.Routing {
		r := routing(ev, start, "", "crm")
		change(&r)
		return r
	}
	for name, r := range map[string]store.Routing{
		"still waiting":     with(func(r *store.Routing) { r.Outcome.State = event.Waiting }),
		"no state":          with(func(r *store.Routing) { r.Outcome.State = "" }),
		"a delivery's":      with(func(r *store.Routing) { r.Outcome.State = event.Dead }),
		"unrouted but sent": with(func(r *store.Routing) { r.Outcome.State = event.Unrouted }),
		"twice to one":      with(func(r *store.Routing) { r.Deliveries = append(r.Deliveries, r.Deliveries[0]) }),
		"of another event":  with(func(r *store.Routing) { r.Deliveries[0].Seq = other.Seq }),
		"delivered already": with(func(r *store.Routing) { r.Deliveries[0].State = event.Delivered }),
	} {
		if err := b.Route(ctx, []store.Routing{routing(other, start, ""), r}); err == nil {
			b.Errorf("%s: accepted", name)
		}
	}
	b.waiting(0, 10, []uint64{ev.Seq, other.Seq})
}

func deliveriesFollowTheBackends(b *bench) {
	ev := b.routed(start, "", "zeta", "alpha", "mid")
	ds, err := b.Deliveries(ctx, ev.Seq)
	b.must(err)
	var got []string
	for _, d := range ds {
		got = append(got, d.Backend)
	}
	if !reflect.DeepEqual(got, []string{"zeta", "alpha", "mid"}) {
		b.Errorf("got %v", got)
	}
}

func unknownThingsAreNotFound(b *bench) {
	if ev, err := b.Event(ctx, 1); !errors.Is(err, store.ErrNotFound) || ev != nil {
		b.Errorf("event: %v, %v", ev, err)
	}
	if ds, err := b.Deliveries(ctx, 1); !errors.Is(err, store.ErrNotFound) || ds != nil {
		b.Errorf("deliveries: %v, %v", ds, err)
	}
	ev := b.kept(start)
	if ds, err := b.Deliveries(ctx, ev.Seq); err != nil || len(ds) != 0 {
		b.Errorf("deliveries of a waiting event: %v, %v", ds, err)
	}
	b.nothingDue("nobody", start, time.Time{})
}

func deliveriesComeBackWhole(b *bench) {
	ev := b.kept(start)
	r := routing(ev, start, "student-\xff", "crm")
	r.Deliveries[0].Data = json.RawMessage(`{"email":"x"}`)
	b.must(b.Route(ctx, []store.Routing{r}))
	b.sameDelivery(r.Deliveries[0])

	d := b.lease("crm", start)
	if !reflect.DeepEqual(d, r.Deliveries[0]) {
		b.Errorf("leased %+v\nwant %+v", d, r.Deliveries[0])
	}
	d.Add(event.Attempt{
		At: start, Duration: time.Second, Status: 503, Error: "busy \xff",
		RetryAfter: time.Minute, Answer: []byte("\xff\x00"),
	})
	d.Due, d.Since = start.Add(time.Minute), start.Add(time.Second)
	b.must(b.Record(ctx, d))
	b.restart()
	b.sameDelivery(d)
	d = b.lease("crm", d.Due)
	b.finish(d, d.Due, event.Delivered)
	b.restart()
	b.sameDelivery(d)
}

func (b *bench) sameDelivery(want *event.Delivery) {
	b.Helper()
	ds, err := b.Deliveries(ctx, want.Seq)
	b.must(err)
	if len(ds) != 1 || !reflect.DeepEqual(ds[0], want) {
		b.Errorf("got %+v\nwant %+v", ds, want)
	}
}

func largeTransformsComeBack(b *bench) {
	ev := b.kept(start)
	backends := []string{"a", "b", "c", "d", "e"}
	r := routing(ev, start, "", backends...)
	for i, d := range r.Deliveries {
		d.Data = bytes.Repeat([]byte{byte('1' + i)}, 1<<20+i)
	}
	b.must(b.Route(ctx, []store.Routing{r}))
	b.restart()
	for i, name := range backends {
		d := b.lease(name, start)
		if !bytes.Equal(d.Data, r.Deliveries[i].Data) {
			b.Errorf("the transform for %s came back with %d bytes, or others", name, len(d.Data))
		}
		b.finish(d, start, event.Delivered)
	}
	if p := b.purge(store.Policy{Now: start.Add(time.Hour), Finished: time.Hour}); p != (store.Purged{Finished: 1}) {
		b.Errorf("purged %+v", p)
	}
}
