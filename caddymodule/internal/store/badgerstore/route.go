package badgerstore

import (
	"context"
	"fmt"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// routeInline is the biggest outcome or delivery in one piece; it is less
// where an event has so many deliveries that they wouldn't fit into a step.
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
		for n < len(all) && cost+all[n].cost <= operationBytes {
			cost += all[n].cost
			n++
		}
		part := all[:n]
		if err := s.submit(ctx, cost, func(st *step) error { return st.route(part) }); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// routing is a store.Routing ready to be written.
type routing struct {
	*store.Routing
	outcome    []byte
	deliveries [][]byte
	inline     int
	cost       int
}

// prepare encodes a routing, and refuses one that breaks the contract.
func prepare(r *store.Routing) (p routing, err error) {
	if !event.Waiting.EventMayBecome(r.Outcome.State) {
		return p, fmt.Errorf("a waiting event can't become %q", r.Outcome.State)
	}
	if r.Outcome.State != event.Routed && len(r.Deliveries) > 0 {
		return p, fmt.Errorf("an event that is %s has no deliveries", r.Outcome.State)
	}
	p = routing{Routing: r, inline: min(routeInline, operationBytes/(len(r.Deliveries)+1))}
	if p.outcome, err = encodeOutcome(&r.Outcome); err != nil {
		return p, err
	}
	p.cost = min(len(p.outcome), p.inline) + 4*keyCost
	seen := make(map[string]bool, len(r.Deliveries))
	for _, d := range r.Deliveries {
		if d.Seq != r.Seq || d.State != event.Waiting || seen[d.Backend] {
			return p, fmt.Errorf("delivery to %s: it must be of this event, waiting, and the only one to its backend", d.Backend)
		}
		seen[d.Backend] = true
		value, err := encodeDelivery(d)
		if err != nil {
			return p, err
		}
		p.deliveries = append(p.deliveries, value)
		p.cost += min(len(value), p.inline) + 3*keyCost
	}
	return p, nil
}

// route writes the routings of events that still wait. Nothing is written
// before everything that may fail was read.
func (st *step) route(part []routing) error {
	var waiting []routing
	tails := make(map[string]uint64)
	for _, r := range part {
		still, err := has(st.txn, seqKey(unroutedKind, r.Seq))
		if err != nil {
			return err
		}
		if !still {
			continue
		}
		waiting = append(waiting, r)
		for _, d := range r.Deliveries {
			if err := st.readTail(tails, d); err != nil {
				return err
			}
		}
	}
	done := make(map[uint64]bool, len(waiting))
	for _, r := range waiting {
		if !done[r.Seq] {
			done[r.Seq] = true
			st.routeOne(r, tails)
		}
	}
	return nil
}

func (st *step) routeOne(r routing, tails map[string]uint64) {
	st.delete(seqKey(unroutedKind, r.Seq))
	st.putLarge(seqKey(outcomeKind, r.Seq), r.outcome, r.inline)
	for i, d := range r.Deliveries {
		st.putLarge(deliveryKey(deliveryKind, r.Seq, d.Backend), r.deliveries[i], r.inline)
		st.lineUp(d, tails)
		st.tally.backend(d.Backend, store.Deliveries{Waiting: 1})
	}
	if n := len(r.Deliveries); n > 1 {
		st.putRecord(seqKey(unfinishedKind, r.Seq), unfinishedRecord{Waiting: n})
	}
	change := store.Events{Waiting: ^uint64(0)} // one less
	switch r.Outcome.State {
	case event.Routed:
		change.Routed = 1
		if len(r.Deliveries) == 0 {
			st.mayGo(classFinished, r.Outcome.At, r.Seq)
		}
	case event.Unrouted:
		change.Unrouted = 1
		st.mayGo(classUnrouted, r.Outcome.At, r.Seq)
	case event.Invalid:
		change.Invalid = 1
		st.mayGo(classInvalid, r.Outcome.At, r.Seq)
	}
	st.tally.events(change)
}

// mayGo puts an event into the index of those that are purged some day.
func (st *step) mayGo(c class, since time.Time, seq uint64) {
	key := finishedKey(c, since, seq)
	st.put(key, nil)
	st.then(func() { st.store.purgeable[c].put(key) })
}
