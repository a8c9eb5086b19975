package memstore

import (
	"context"
	"fmt"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Waiting implements store.Store.
func (s *Store) Waiting(ctx context.Context, after uint64, n int) (evs []*event.Event, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	for _, ev := range s.events {
		if ev != nil && ev.Seq > after && s.waiting[ev.Seq] && len(evs) < n {
			evs = append(evs, copyEvent(ev))
		}
	}
	return evs, nil
}

// Route implements store.Store.
func (s *Store) Route(ctx context.Context, routed []store.Routing) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	for _, r := range routed {
		if err := check(&r); err != nil {
			return fmt.Errorf("route event %d: %w", r.Seq, err)
		}
	}
	for _, r := range routed {
		if s.waiting[r.Seq] {
			s.route(&r)
		}
	}
	s.committed()
	return nil
}

// check refuses a routing that breaks the contract.
func check(r *store.Routing) error {
	if !event.Waiting.EventMayBecome(r.Outcome.State) {
		return fmt.Errorf("a waiting event can't become %q", r.Outcome.State)
	}
	if r.Outcome.State != event.Routed && len(r.Deliveries) > 0 {
		return fmt.Errorf("an event that is %s has no deliveries", r.Outcome.State)
	}
	seen := make(map[string]bool)
	for _, d := range r.Deliveries {
		if d.Seq != r.Seq || d.State != event.Waiting || seen[d.Backend] {
			return fmt.Errorf("delivery to %s: it must be of this event, waiting, and the only one to its backend", d.Backend)
		}
		seen[d.Backend] = true
	}
	return nil
}

func (s *Store) route(r *store.Routing) {
	delete(s.waiting, r.Seq)
	s.counts.Events.Waiting--
	s.settle(r)
}

// settle gives an event its outcome and its deliveries.
func (s *Store) settle(r *store.Routing) {
	s.events[r.Seq-1].Outcome = copyOutcome(r.Outcome)
	switch r.Outcome.State {
	case event.Routed:
		s.counts.Events.Routed++
	case event.Unrouted:
		s.counts.Events.Unrouted++
	case event.Invalid:
		s.counts.Events.Invalid++
	}
	for _, d := range r.Deliveries {
		s.deliveries = append(s.deliveries, copyDelivery(d))
		b := s.counts.Backends[d.Backend]
		b.Waiting++
		s.counts.Backends[d.Backend] = b
	}
}

// Event implements store.Store.
func (s *Store) Event(ctx context.Context, seq uint64) (*event.Event, error) {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if !s.has(seq) {
		return nil, store.ErrNotFound
	}
	return copyEvent(s.events[seq-1]), nil
}

func (s *Store) has(seq uint64) bool {
	return seq > 0 && seq <= uint64(len(s.events)) && s.events[seq-1] != nil
}

// Deliveries implements store.Store.
func (s *Store) Deliveries(ctx context.Context, seq uint64) (ds []*event.Delivery, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if !s.has(seq) {
		return nil, store.ErrNotFound
	}
	for _, backend := range s.events[seq-1].Outcome.Backends {
		for _, d := range s.deliveries {
			if d.Seq == seq && d.Backend == backend {
				ds = append(ds, copyDelivery(d))
			}
		}
	}
	return ds, nil
}
