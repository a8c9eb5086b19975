package memstore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Lease implements store.Store.
func (s *Store) Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) (ds []*event.Delivery, next time.Time, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return nil, next, err
	}
	var far, late []*event.Delivery
	for _, d := range s.leasable(backend) {
		switch {
		case longest > 0 && d.Due.After(now.Add(longest)):
			far = append(far, d)
		case !d.Due.After(now):
			late = append(late, d)
		}
	}
	for _, d := range append(far, late...) {
		if len(ds) == n {
			break
		}
		s.leased[id{d.Seq, backend}] = true
		ds = append(ds, copyDelivery(d))
	}
	if rest := s.leasable(backend); len(rest) > 0 {
		next = rest[0].Due
	}
	return ds, next, nil
}

// leasable returns a backend's waiting deliveries that nobody leases and that
// are the first of their line, earliest first.
func (s *Store) leasable(backend string) (ds []*event.Delivery) {
	lines := make(map[string]bool)
	for _, d := range s.deliveries {
		if d.Backend != backend || d.State != event.Waiting || d.OrderKey != "" && lines[d.OrderKey] {
			continue
		}
		lines[d.OrderKey] = true
		if !s.leased[id{d.Seq, backend}] {
			ds = append(ds, d)
		}
	}
	slices.SortStableFunc(ds, func(a, b *event.Delivery) int {
		if c := a.Due.Compare(b.Due); c != 0 {
			return c
		}
		return int(a.Seq) - int(b.Seq)
	})
	return ds
}

// Return implements store.Store.
func (s *Store) Return(d *event.Delivery) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.leased, id{d.Seq, d.Backend})
}

// Record implements store.Store.
func (s *Store) Record(ctx context.Context, d *event.Delivery) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if !event.Waiting.DeliveryMayBecome(d.State) {
		return fmt.Errorf("delivery of event %d to %s: a waiting one can't become %q", d.Seq, d.Backend, d.State)
	}
	if !s.leased[id{d.Seq, d.Backend}] {
		return fmt.Errorf("delivery of event %d to %s: no lease: %w", d.Seq, d.Backend, store.ErrNotFound)
	}
	delete(s.leased, id{d.Seq, d.Backend})
	i := slices.IndexFunc(s.deliveries, func(o *event.Delivery) bool { return o.Seq == d.Seq && o.Backend == d.Backend })
	b := s.counts.Backends[d.Backend]
	b.Retrying += retrying(d) - retrying(s.deliveries[i])
	s.counts.Backends[d.Backend] = b
	s.deliveries[i] = copyDelivery(d)
	if d.State != event.Waiting {
		s.finish(d)
	}
	s.committed()
	return nil
}

// retrying is 1 for a delivery that waits after an attempt, else 0.
func retrying(d *event.Delivery) uint64 {
	if d.State == event.Waiting && d.Count > 0 {
		return 1
	}
	return 0
}

// finish counts a delivery that ended and makes the next in its line due.
func (s *Store) finish(d *event.Delivery) {
	s.finished = append(s.finished, copyDelivery(d))
	b := s.counts.Backends[d.Backend]
	b.Waiting--
	if d.State == event.Dead {
		b.Dead++
	} else {
		b.Delivered++
	}
	s.counts.Backends[d.Backend] = b
	if d.OrderKey == "" {
		return
	}
	for _, o := range s.deliveries {
		if o.Backend == d.Backend && o.OrderKey == d.OrderKey && o.State == event.Waiting {
			o.Due, o.Since = d.Finished, d.Finished
			return
		}
	}
}
