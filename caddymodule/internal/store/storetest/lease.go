package storetest

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func leasesFollowDueTimes(b *bench) {
	for _, wait := range []int{3, 1, 2, 1} {
		ev := b.kept(start)
		r := routing(ev, start, "", "crm")
		r.Deliveries[0].Due = start.Add(time.Duration(wait) * time.Minute)
		b.must(b.Route(ctx, []store.Routing{r}))
	}
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	b.nothingDue("crm", at(1).Add(-time.Millisecond), at(1))
	ds, next, err := b.Lease(ctx, "crm", at(2), 2, 0)
	b.must(err)
	if len(ds) != 2 || ds[0].Seq != 2 || ds[1].Seq != 4 || !next.Equal(at(2)) {
		b.Errorf("leased %v, next %v; want the second and the fourth, then one at %v", ds, next, at(2))
	}
	if d := b.lease("crm", at(2)); d.Seq != 3 {
		b.Errorf("leased %d, want 3", d.Seq)
	}
	b.nothingDue("crm", at(2), at(3))
	if d := b.lease("crm", at(3)); d.Seq != 1 {
		b.Errorf("leased %d, want 1", d.Seq)
	}
	b.nothingDue("crm", at(9), time.Time{})
}

// leasesAreExclusive has workers lease, return, retry and finish while events
// come in. Two of them must never hold the same delivery.
func leasesAreExclusive(b *bench) {
	const events, workers = 60, 6
	c := &crew{bench: b, held: make(map[uint64]bool)}
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for turn := w; c.left(events) && c.work(turn); {
				turn++
			}
		})
	}
	for range events {
		b.routed(start, "", "crm")
	}
	all.Wait()
	want := store.Deliveries{Delivered: events}
	if got := b.counts().Backends["crm"]; got != want {
		b.Errorf("counted %+v, want %+v", got, want)
	}
}

type crew struct {
	*bench
	mu   sync.Mutex
	held map[uint64]bool
	done int
}

func (c *crew) left(events int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.done < events && !c.Failed()
}

// hold notes that a lease begins or ends.
func (c *crew) hold(d *event.Delivery, begins bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held[d.Seq] == begins {
		c.Errorf("delivery of event %d is leased twice at once", d.Seq)
	}
	c.held[d.Seq] = begins
	if d.State == event.Delivered {
		c.done++
	}
}

// work leases a few deliveries and ends each lease in one of the ways.
func (c *crew) work(turn int) bool {
	ds, _, err := c.Lease(ctx, "crm", start, 1+turn%3, 0)
	for _, d := range ds {
		c.hold(d, true)
	}
	for i, d := range ds {
		end := func() error { return c.Record(ctx, d) }
		switch {
		case (turn+i)%4 == 0:
			end = func() error { c.Return(d); return nil }
		case d.Count == 2:
			d.Add(event.Attempt{At: start})
			d.State, d.Finished = event.Delivered, start
		default:
			d.Add(event.Attempt{At: start})
			d.Due = d.Due.Add(-time.Second)
		}
		c.hold(d, false)
		err = errors.Join(err, end())
	}
	if err != nil {
		c.Error(err)
	}
	return err == nil
}

func returnedDeliveriesComeBack(b *bench) {
	b.routed(start, "", "crm")
	d := b.lease("crm", start)
	b.nothingDue("crm", start, time.Time{})
	b.Return(d)
	b.Return(d)
	if d := b.lease("crm", start); d.Count != 0 {
		b.Errorf("it was returned, but has %d attempts", d.Count)
	}
}

func leasesEndWithTheProcess(b *bench) {
	b.routed(start, "", "crm")
	b.lease("crm", start)
	b.restart()
	b.lease("crm", start)
}

func retriesWait(b *bench) {
	b.routed(start, "", "crm")
	due := start
	for n := 1; n <= event.KeptAttempts+2; n++ {
		d := b.lease("crm", due)
		d.Add(event.Attempt{At: due, Status: 503})
		due = due.Add(time.Minute)
		d.Due = due
		b.must(b.Record(ctx, d))
		b.nothingDue("crm", due.Add(-time.Millisecond), due)
	}
	d := b.lease("crm", due)
	if d.Count != event.KeptAttempts+2 || len(d.Attempts) != event.KeptAttempts {
		b.Errorf("%d attempts were counted and %d kept", d.Count, len(d.Attempts))
	}
	// A retry may fall due earlier than what is in the queue.
	d.Due = start
	b.must(b.Record(ctx, d))
	b.lease("crm", start)
}

func attemptsNeedALease(b *bench) {
	ev := b.routed(start, "", "crm")
	ds, err := b.Deliveries(ctx, ev.Seq)
	b.must(err)
	never, d := *ds[0], b.lease("crm", start)
	b.Return(d)
	never.State = event.Delivered
	if err := b.Record(ctx, &never); !errors.Is(err, store.ErrNotFound) {
		b.Errorf("not leased: %v", err)
	}
	d = b.lease("crm", start)
	b.finish(d, start, event.Delivered)
	if err := b.Record(ctx, d); !errors.Is(err, store.ErrNotFound) {
		b.Errorf("recorded twice: %v", err)
	}
	if got := b.counts().Backends["crm"]; got != (store.Deliveries{Delivered: 1}) {
		b.Errorf("counted %+v", got)
	}
}

func attemptsFollowTheEdges(b *bench) {
	b.routed(start, "", "crm")
	d := b.lease("crm", start)
	for _, state := range []event.State{event.Routed, event.Unrouted, event.Invalid, ""} {
		bad := *d
		bad.State = state
		if err := b.Record(ctx, &bad); err == nil {
			b.Errorf("a delivery became %q", state)
		}
	}
	b.nothingDue("crm", start, time.Time{}) // it is still leased
	b.finish(d, start, event.Delivered)
}

func queuesAreApart(b *bench) {
	b.routed(start, "", "crm", "cr", "crm2")
	for _, name := range []string{"cr", "crm2", "crm"} {
		if d := b.lease(name, start); d.Backend != name {
			b.Errorf("leased one of %s for %s", d.Backend, name)
		}
		b.nothingDue(name, start, time.Time{})
	}
}

func linesAreKept(b *bench) {
	a1, b1 := b.routed(start, "a", "crm"), b.routed(start, "b", "crm")
	a2, free := b.routed(start, "a", "crm"), b.routed(start, "", "crm")
	a3 := b.routed(start.Add(time.Hour), "a", "crm")
	b.routed(start, "a", "other") // has a line of its own

	ds, _, err := b.Lease(ctx, "crm", start, 10, 0)
	b.must(err)
	if len(ds) != 3 || ds[0].Seq != a1.Seq || ds[1].Seq != b1.Seq || ds[2].Seq != free.Seq {
		b.Fatalf("leased %v, want the first of each line", ds)
	}
	head := ds[0]
	head.Add(event.Attempt{At: start})
	head.Due = start.Add(time.Minute)
	b.must(b.Record(ctx, head))
	b.nothingDue("crm", start, head.Due) // a failed head keeps its place
	head = b.lease("crm", head.Due)
	now := head.Due
	b.finish(head, now, event.Delivered)

	for _, want := range []*event.Event{a2, a3} {
		d := b.lease("crm", now) // due at once, whenever it was meant for
		if d.Seq != want.Seq {
			b.Fatalf("leased %d, want %d", d.Seq, want.Seq)
		}
		b.nothingDue("crm", now.Add(2*time.Hour), time.Time{})
		b.finish(d, now, event.Delivered)
	}
	// The line is empty, so the next one doesn't wait.
	b.routed(start, "a", "crm")
	b.lease("crm", now)
}

func linesOutliveARestart(b *bench) {
	for range 5 {
		b.routed(start, "a", "crm")
	}
	for seq := uint64(1); seq <= 5; seq++ {
		b.restart()
		d := b.lease("crm", start)
		if d.Seq != seq {
			b.Fatalf("leased %d, want %d", d.Seq, seq)
		}
		b.nothingDue("crm", start, time.Time{})
		b.finish(d, start, event.Delivered)
	}
	b.nothingDue("crm", start, time.Time{})
}

func theDeadMakeWay(b *bench) {
	first := b.routed(start, "a", "crm")
	second := b.routed(start, "a", "crm")
	d := b.lease("crm", start)
	later := start.Add(72 * time.Hour)
	b.finish(d, later, event.Dead)
	next := b.lease("crm", later)
	if next.Seq != second.Seq {
		b.Errorf("leased %d, want %d", next.Seq, second.Seq)
	}
	if !next.Since.Equal(later) {
		b.Errorf("its time for retries ran while it stood in line, since %s", next.Since)
	}
	b.sameDelivery(d)
	if got := b.counts().Backends["crm"]; got != (store.Deliveries{Waiting: 1, Dead: 1}) {
		b.Errorf("counted %+v after event %d died", got, first.Seq)
	}
	if ds, err := b.Deliveries(ctx, first.Seq); err != nil || fmt.Sprint(ds[0].State) != "dead" {
		b.Errorf("got %v, %v", ds, err)
	}
}

// whatWaitsTooLongIsDue lets the clock go back by a year after two were to wait.
func whatWaitsTooLongIsDue(b *bench) {
	const longest = time.Hour
	for _, wait := range []time.Duration{8760 * time.Hour, longest, 0, 8760*time.Hour + longest} {
		ev := b.kept(start)
		r := routing(ev, start, "", "crm")
		r.Deliveries[0].Due = start.Add(wait)
		b.must(b.Route(ctx, []store.Routing{r}))
	}
	ds, next, err := b.Lease(ctx, "crm", start, 9, longest)
	b.must(err)
	if len(ds) != 3 || ds[0].Seq != 1 || ds[1].Seq != 4 || ds[2].Seq != 3 || !next.Equal(start.Add(longest)) {
		b.Errorf("leased %v, next %v; want the first, the fourth and the third, then one at %v", ds, next, start.Add(longest))
	}
}
