package badgerstore

import (
	"context"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Release implements store.Store.
func (s *Store) Release(ctx context.Context, q *event.Quarantined, ev *event.Event, d store.Dedupe) (store.Kept, error) {
	return s.keep(ctx, keeping{store: s, ev: ev, from: q}, d)
}

// DiscardQuarantined implements store.Store.
func (s *Store) DiscardQuarantined(ctx context.Context, q *event.Quarantined) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.takeOut(ctx, q, store.Requests{})
}

// takeOut takes a request out of the quarantine, and counts what becomes of it.
func (s *Store) takeOut(ctx context.Context, q *event.Quarantined, becomes store.Requests) error {
	return s.submit(ctx, operation{cost: operationBytes, apply: func(st *step) error {
		if err := st.takeOut(q); err != nil {
			return err
		}
		st.tally.source(q.Source, becomes)
		return nil
	}})
}

func (st *step) takeOut(q *event.Quarantined) error {
	doomed, err := largeKeys(st.txn, quarantineKey(q.Source, q.Request.Received, q.Number))
	if err != nil {
		return err
	}
	if len(doomed) == 0 {
		return store.ErrNotFound
	}
	for _, key := range doomed {
		st.delete(key)
	}
	st.tally.quarantine(q.Source, -1)
	return nil
}
