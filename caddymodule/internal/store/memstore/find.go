package memstore

import (
	"context"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Find implements store.Store.
func (s *Store) Find(ctx context.Context, q store.Query) (found store.Found, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return found, err
	}
	seq := uint64(len(s.events))
	if q.Before > 0 {
		seq = min(seq, q.Before-1)
	}
	for range q.Look {
		if seq == 0 {
			return found, nil
		}
		if s.has(seq) && s.fits(seq, q) {
			found.Seqs = append(found.Seqs, seq)
		}
		seq--
	}
	if seq > 0 {
		found.Next = seq + 1
	}
	return found, nil
}

func (s *Store) fits(seq uint64, q store.Query) bool {
	switch q.State {
	case event.Unrouted, event.Invalid:
		return s.events[seq-1].Outcome.State == q.State
	case event.Waiting, event.Dead:
		if q.State == event.Waiting && q.Backend == "" && s.waiting[seq] {
			return true
		}
		return slices.ContainsFunc(s.deliveries, func(d *event.Delivery) bool {
			return d.Seq == seq && d.State == q.State && (q.Backend == "" || d.Backend == q.Backend)
		})
	}
	return true
}
