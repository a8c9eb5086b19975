package storetest

import (
	"errors"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// found goes through all pages and returns the events that really are in the
// state asked for.
func found(b *bench, s store.Store, q store.Query) (seqs []uint64) {
	b.Helper()
	for range 10000 {
		f, err := s.Find(ctx, q)
		b.must(err)
		for _, seq := range f.Seqs {
			if q.Before > 0 && seq >= q.Before || len(seqs) > 0 && seq >= seqs[len(seqs)-1] {
				b.Fatalf("found %d, before %d and behind %v", seq, q.Before, seqs)
			}
			if fits(b, s, seq, q) {
				seqs = append(seqs, seq)
			}
		}
		if f.Next == 0 {
			return seqs
		}
		if q.Before > 0 && f.Next >= q.Before {
			b.Fatalf("it goes on at %d, not below %d", f.Next, q.Before)
		}
		q.Before = f.Next
	}
	b.Fatal("it never ends")
	return nil
}

func fits(b *bench, s store.Store, seq uint64, q store.Query) bool {
	b.Helper()
	ev, err := s.Event(ctx, seq)
	if errors.Is(err, store.ErrNotFound) {
		return false // it may have gone meanwhile
	}
	b.must(err)
	ds, err := s.Deliveries(ctx, seq)
	b.must(err)
	switch q.State {
	case event.Unrouted, event.Invalid:
		return ev.Outcome.State == q.State
	case event.Waiting, event.Dead:
		if q.State == event.Waiting && q.Backend == "" && ev.Outcome.State == "" {
			return true
		}
		return slices.ContainsFunc(ds, func(d *event.Delivery) bool {
			return d.State == q.State && (q.Backend == "" || d.Backend == q.Backend)
		})
	}
	return true
}

func (b *bench) finds(q store.Query, want ...uint64) {
	b.Helper()
	for _, q.Look = range []int{1000, 3} {
		if got := found(b, b.Store, q); !slices.Equal(got, want) {
			b.Errorf("%+v: found %v, want %v", q, got, want)
		}
	}
}

// stuck keeps an event and leaves it unrouted or invalid.
func (b *bench) stuck(at time.Time, state event.State) *event.Event {
	b.Helper()
	ev := b.kept(at)
	o := event.Outcome{State: state, At: at, Reasons: []string{"why"}}
	b.must(b.Route(ctx, []store.Routing{{Seq: ev.Seq, Outcome: o}}))
	return ev
}

func findGivesThemAll(b *bench) {
	b.finds(store.Query{})
	b.routed(start, "")                  // 1
	b.routed(start, "", "crm")           // 2
	b.routed(start, "", "crm")           // 3
	b.routed(start, "", "billing")       // 4
	b.routed(start, "a", "crm")          // 5
	b.routed(start, "a", "crm", "other") // 6 waits behind it
	b.stuck(start, event.Unrouted)       // 7
	b.stuck(start, event.Invalid)        // 8
	b.kept(start)                        // 9
	b.finish(b.lease("crm", start), start, event.Delivered)
	b.finish(b.lease("crm", start), start, event.Dead)
	b.finish(b.lease("other", start), start, event.Dead) // while another waits
	for range 2 {
		b.finds(store.Query{}, 9, 8, 7, 6, 5, 4, 3, 2, 1)
		b.finds(store.Query{Before: 4}, 3, 2, 1)
		b.finds(store.Query{State: event.Waiting}, 9, 6, 5, 4)
		b.finds(store.Query{State: event.Waiting, Backend: "crm"}, 6, 5)
		b.finds(store.Query{State: event.Waiting, Backend: "cr"})
		b.finds(store.Query{State: event.Dead}, 6, 3)
		b.finds(store.Query{State: event.Dead, Backend: "other"}, 6)
		b.finds(store.Query{State: event.Dead, Before: 6}, 3)
		b.finds(store.Query{State: event.Unrouted}, 7)
		b.finds(store.Query{State: event.Invalid}, 8)
		b.restart()
	}
	b.purge(store.Policy{Now: start.Add(time.Hour), Finished: time.Hour})
	b.finds(store.Query{}, 9, 8, 7, 6, 5, 4, 3)
}

func findGoesOn(b *bench) {
	for range 20 {
		b.stuck(start, event.Unrouted)
	}
	f, err := b.Find(ctx, store.Query{State: event.Unrouted, Look: 5})
	b.must(err)
	if len(f.Seqs) > 5 || len(f.Seqs) == 0 || f.Seqs[0] != 20 || f.Next == 0 {
		b.Errorf("found %+v, want the newest of 20 and where to go on", f)
	}
}
