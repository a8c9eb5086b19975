package badgerstore

import (
	"bytes"
	"context"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Keep implements store.Store. A duplicate costs no write.
func (s *Store) Keep(ctx context.Context, ev *event.Event, d store.Dedupe) (store.Kept, error) {
	if err := s.enter(); err != nil {
		return store.Kept{}, err
	}
	defer s.leave()
	a := arrival{ev: ev, id: ev.ID, source: ev.Source, received: ev.Request.Received, replay: ev.ReplayOf != ""}
	kept, err := s.keep(ctx, &a, d)
	if kept.Duplicate && !a.replay {
		s.ledger.note(ev.Source, store.Requests{Duplicate: 1})
	}
	return kept, err
}

func (s *Store) keep(ctx context.Context, a *arrival, d store.Dedupe) (kept store.Kept, err error) {
	if s.broken.Load() {
		return kept, store.ErrBroken
	}
	if d.Window > 0 && d.Key != "" {
		a.key, a.window, a.body = hashKey(a.source, d.Key), d.Window, bodySum(a.ev.Request.Body)
		if err := s.keys.claim(ctx, a.key); err != nil {
			return kept, err
		}
		defer s.keys.release(a.key)
		first, err := s.seen(a.key, a.received)
		if err != nil {
			return kept, err
		}
		if first != nil {
			return store.Kept{ID: first.ID, Duplicate: true, OtherBody: first.Body != a.body}, nil
		}
	}
	b := buffers.Get().(*bytes.Buffer)
	defer release(b)
	if err := encodeArrival(b, a); err != nil {
		return kept, err
	}
	a.record = b.Bytes()
	if err := s.arrivals.submit(ctx, a, len(a.record)); err != nil {
		return kept, err
	}
	return store.Kept{ID: a.id}, nil
}

// seen looks for a live dedupe key that the caller has claimed; nil is none.
func (s *Store) seen(key dedupeHash, now time.Time) (first *dedupeRecord, err error) {
	if a := s.ledger.arrival(key); a != nil {
		if first = a.dedupe(); first.counts(now) {
			return first, nil
		}
	}
	for _, g := range s.generations.newestFirst() {
		if !g.mayHave(key, now) {
			continue
		}
		if first, err = s.readDedupe(dedupeKey(g.number, key)); err != nil || first.counts(now) {
			return first, err
		}
	}
	return nil, nil
}

func (s *Store) readDedupe(key []byte) (r *dedupeRecord, err error) {
	err = s.versions.view(func(txn *badger.Txn) error {
		value, err := get(txn, key)
		if err != nil || value == nil {
			return err
		}
		r = new(dedupeRecord)
		return whichRecordIf(key, decode(value, r))
	})
	return r, err
}
