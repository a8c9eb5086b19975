package memstore

import (
	"context"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, q *event.Quarantined, ev *event.Event, d store.Dedupe) (kept store.Kept, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return kept, err
	}
	if !s.takeOut(q) {
		return kept, store.ErrNotFound
	}
	s.count(q.Source, store.Requests{Quarantined: ^uint64(0), Released: 1}) // one less, one more
	return s.keep(ev, d), nil
}

// DiscardQuarantined implements store.Store.
func (s *Store) DiscardQuarantined(ctx context.Context, q *event.Quarantined) error {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return err
	}
	if !s.takeOut(q) {
		return store.ErrNotFound
	}
	return nil
}

func (s *Store) takeOut(q *event.Quarantined) bool {
	i := slices.IndexFunc(s.quarantined, func(o *event.Quarantined) bool { return o.Source == q.Source && o.Number == q.Number })
	if i < 0 {
		return false
	}
	s.quarantined = slices.Delete(s.quarantined, i, i+1)
	if s.counts.InQuarantine[q.Source]--; s.counts.InQuarantine[q.Source] == 0 {
		delete(s.counts.InQuarantine, q.Source)
	}
	return true
}
