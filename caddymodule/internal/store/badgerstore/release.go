package badgerstore

import (
	"context"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// placeRecord is a store.Place. It stands in the journal with the event that
// the request became: whoever makes the event known to the database takes the
// request out of the quarantine in the same step, after a crash too.
type placeRecord struct {
	At     micro  `cbor:"1,keyasint"`
	Number uint64 `cbor:"2,keyasint"`
}

func recordOfPlace(p *store.Place) *placeRecord {
	if p == nil {
		return nil
	}
	return &placeRecord{microOf(p.At), p.Number}
}

func (r *placeRecord) place() *store.Place {
	if r == nil {
		return nil
	}
	return &store.Place{At: r.At.time(), Number: r.Number}
}

// Release implements store.Store. One at a time, with the steps before and
// behind it done: so none finds a request that another has kept already.
func (s *Store) Release(ctx context.Context, q *event.Quarantined, ev *event.Event, d store.Dedupe) (kept store.Kept, err error) {
	if err := s.enter(); err != nil {
		return kept, err
	}
	defer s.leave()
	s.releasing.Lock()
	defer s.releasing.Unlock()
	if err := s.catchUp(ctx); err != nil {
		return kept, err
	}
	place := store.PlaceOf(q)
	if err := s.versions.view(func(txn *badger.Txn) error {
		found, err := has(txn, quarantineKey(q.Source, place.At, place.Number))
		if err == nil && !found {
			err = store.ErrNotFound
		}
		return err
	}); err != nil {
		return kept, err
	}
	a := arrival{ev: ev, id: ev.ID, source: ev.Source, received: ev.Request.Received, from: &place}
	kept, err = s.keep(ctx, &a, d)
	switch {
	case err != nil:
		return kept, err
	case kept.Duplicate:
		return kept, s.takeOut(ctx, q, store.Requests{Quarantined: ^uint64(0), Released: 1, Duplicate: 1})
	}
	return kept, s.catchUp(context.WithoutCancel(ctx))
}

// catchUp makes a step, by which all arrivals are known to the database.
func (s *Store) catchUp(ctx context.Context) error {
	return s.submit(ctx, change{apply: func(*step) error { return nil }}, 0)
}

// release takes the request out of the quarantine that became an event.
func (st *step) release(a *arrival) {
	doomed, err := largeKeys(st.txn, quarantineKey(a.source, a.from.At, a.from.Number))
	if err != nil && st.err == nil {
		st.err = err
	}
	if len(doomed) > 0 { // else it was purged in between
		st.deleteAll(doomed)
		st.tally.quarantine(a.source, -1)
	}
}

// DiscardQuarantined implements store.Store.
func (s *Store) DiscardQuarantined(ctx context.Context, q *event.Quarantined) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	s.releasing.Lock()
	defer s.releasing.Unlock()
	return s.takeOut(ctx, q, store.Requests{})
}

// takeOut takes a request out of the quarantine, and counts what becomes of it.
func (s *Store) takeOut(ctx context.Context, q *event.Quarantined, becomes store.Requests) error {
	return s.submit(ctx, change{apply: func(st *step) error {
		doomed, err := largeKeys(st.txn, quarantineKey(q.Source, q.Request.Received, q.Number))
		if err != nil {
			return err
		}
		if len(doomed) == 0 {
			return store.ErrNotFound
		}
		st.deleteAll(doomed)
		st.tally.quarantine(q.Source, -1)
		st.tally.source(q.Source, becomes)
		return nil
	}}, stepBytes)
}
