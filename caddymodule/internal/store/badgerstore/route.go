package badgerstore

import (
	"context"
	"fmt"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// routeInline is the biggest outcome in one piece.
const routeInline = 32 << 10

// Route implements store.Store. Events share a transaction as long as they fit
// into one; an event with all its deliveries is never divided.
func (s *Store) Route(ctx context.Context, routed []store.Routing) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	all := make([]routing, len(routed))
	for i := range routed {
		var err error
		if all[i], err = prepare(&routed[i]); err != nil {
			return fmt.Errorf("route event %d: %w", routed[i].Seq, err)
		}
	}
	for len(all) > 0 {
		n, cost := 1, all[0].cost
		for n < len(all) && cost+all[n].cost <= stepBytes {
			cost += all[n].cost
			n++
		}
		part := all[:n]
		if err := s.submit(ctx, change{apply: func(st *step) error { return st.route(part) }}, cost); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// routing is a store.Routing ready to be written.
type routing struct {
	*store.Routing
	outcome []byte
	cost    int
}

// prepare encodes a routing, and refuses one that breaks the contract.
func prepare(r *store.Routing) (p routing, err error) {
	if !event.Waiting.EventMayBecome(r.Outcome.State) {
		return p, fmt.Errorf("a waiting event can't become %q", r.Outcome.State)
	}
	if r.Outcome.State != event.Routed && len(r.Deliveries) > 0 {
		return p, fmt.Errorf("an event that is %s has no deliveries", r.Outcome.State)
	}
	for i, d := range r.Deliveries {
		twice := slices.ContainsFunc(r.Deliveries[:i], func(o *event.Delivery) bool { return o.Backend == d.Backend })
		if d.Seq != r.Seq || d.State != event.Waiting || twice {
			return p, fmt.Errorf("delivery to %s: it must be of this event, waiting, and the only one to its backend", d.Backend)
		}
	}
	p.Routing = r
	if p.outcome, err = encodeRouting(r); err != nil {
		return p, err
	}
	p.cost = min(len(p.outcome), routeInline) + (2+3*len(r.Deliveries))*keyCost
	return p, nil
}

// route writes the routings of events that still wait. Nothing is written
// before everything that may fail was read.
func (st *step) route(part []routing) error {
	tails := make(map[string]uint64)
	var waiting []routing
	for _, r := range part {
		if !st.waits(r.Seq) {
			continue
		}
		waiting = append(waiting, r)
		for _, d := range r.Deliveries {
			if err := st.readTail(tails, d); err != nil {
				return err
			}
		}
	}
	for _, r := range waiting {
		if st.waits(r.Seq) { // it may stand in the part twice
			st.routeOne(r, tails)
		}
	}
	return nil
}

// waits tells whether an event was neither routed before the step nor in it.
func (st *step) waits(seq uint64) bool {
	return st.store.unrouted.has(seq) && !st.routed[seq]
}

func (st *step) routeOne(r routing, tails map[string]uint64) {
	st.routed[r.Seq] = true
	st.then(func() { st.store.unrouted.remove(r.Seq) })
	st.tally.events(store.Events{Waiting: ^uint64(0)}) // one less
	st.putLarge(outcomeKey(r.Seq), r.outcome, routeInline)
	st.settle(r, tails)
}

// settle writes what follows from an event's outcome.
func (st *step) settle(r routing, tails map[string]uint64) {
	st.then(func() { st.store.recent.route(r.Seq, &r.Outcome) })
	for _, d := range r.Deliveries {
		st.lineUp(d, tails, fresh)
		st.tally.backend(d.Backend, store.Deliveries{Waiting: 1})
	}
	if n := len(r.Deliveries); n > 1 {
		st.putRecord(seqKey(unfinishedKind, r.Seq), unfinishedRecord{Waiting: n})
	}
	switch r.Outcome.State {
	case event.Routed:
		st.tally.events(store.Events{Routed: 1})
		if len(r.Deliveries) == 0 {
			st.mayGo(classFinished, r.Outcome.At, r.Seq)
		}
	case event.Unrouted:
		st.tally.events(store.Events{Unrouted: 1})
		st.mayGo(classUnrouted, r.Outcome.At, r.Seq)
		st.stick(classUnrouted, r.Seq, "")
	case event.Invalid:
		st.tally.events(store.Events{Invalid: 1})
		st.mayGo(classInvalid, r.Outcome.At, r.Seq)
		st.stick(classInvalid, r.Seq, "")
	}
}
