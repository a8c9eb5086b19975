package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// dead finds a dead delivery.
func (s *Store) dead(seq uint64, backend string) (int, error) {
	i := slices.IndexFunc(s.deliveries, func(d *event.Delivery) bool { return d.Seq == seq && d.Backend == backend })
	switch {
	case i < 0:
		return 0, store.ErrNotFound
	case s.deliveries[i].State != event.Dead:
		return 0, store.ErrState
	}
	return i, nil
}

// Retry implements store.Store.
func (s *Store) Retry(ctx context.Context, seq uint64, backend string, now time.Time) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	i, err := s.dead(seq, backend)
	if err != nil {
		return err
	}
	d := s.deliveries[i]
	d.State, d.Due, d.Since, d.Finished = event.Waiting, now, now, time.Time{}
	s.deliveries = append(slices.Delete(s.deliveries, i, i+1), d) // the end of its line
	b := s.counts.Backends[backend]
	b.Dead--
	b.Waiting++
	b.Retrying += retrying(d)
	s.counts.Backends[backend] = b
	return nil
}

// stuck finds an event that is unrouted or invalid.
func (s *Store) stuck(seq uint64) (*event.Event, error) {
	if !s.has(seq) {
		return nil, store.ErrNotFound
	}
	ev := s.events[seq-1]
	if s.waiting[seq] || ev.Outcome.State != event.Unrouted && ev.Outcome.State != event.Invalid {
		return nil, store.ErrState
	}
	return ev, nil
}

// Reroute implements store.Store.
func (s *Store) Reroute(ctx context.Context, r store.Routing) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if err := check(&r); err != nil {
		return err
	}
	ev, err := s.stuck(r.Seq)
	if err != nil {
		return err
	}
	if ev.Outcome.State == event.Unrouted {
		s.counts.Events.Unrouted--
	} else {
		s.counts.Events.Invalid--
	}
	s.settle(&r)
	return nil
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, seq uint64, backend string, now time.Time) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if backend == "" {
		ev, err := s.stuck(seq)
		if err != nil {
			return err
		}
		s.giveUp(ev, ev.Outcome.State)
		s.forget(seq)
		return nil
	}
	i, err := s.dead(seq, backend)
	if err != nil {
		return err
	}
	d := s.deliveries[i]
	d.State, d.Finished = event.Discarded, now
	s.finished = append(s.finished, copyDelivery(d))
	b := s.counts.Backends[backend]
	b.Dead, b.Discarded = b.Dead-1, b.Discarded+1
	s.counts.Backends[backend] = b
	if !slices.ContainsFunc(s.deliveries, func(d *event.Delivery) bool { return d.Seq == seq && d.State != event.Discarded }) {
		s.forget(seq)
	}
	return nil
}
