package badgerstore

import (
	"bytes"
	"context"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// dedupeGrace keeps a dedupe key longer than it counts: Badger forgets in
// whole seconds, and only the exact time in the record decides.
const dedupeGrace = 2 * time.Second

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
		a.key, a.window = hashKey(a.source, d.Key), d.Window
		if err := s.keys.claim(ctx, a.key); err != nil {
			return kept, err
		}
		defer s.keys.release(a.key)
		first, live, err := s.seen(a.key, a.received)
		if err != nil {
			return kept, err
		}
		if live {
			return store.Kept{ID: first, Duplicate: true}, nil
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

// seen looks for a live dedupe key that the caller has claimed.
func (s *Store) seen(key dedupeHash, now time.Time) (id string, live bool, err error) {
	if a := s.ledger.arrival(key); a != nil {
		return a.id, now.Before(a.expires()), nil
	}
	if !s.filter.mayHave(key) {
		return "", false, nil
	}
	err = s.versions.view(func(txn *badger.Txn) error {
		k := dedupeKey(key)
		value, err := get(txn, k)
		if err != nil || value == nil {
			return err
		}
		var r dedupeRecord
		err = whichRecordIf(k, decode(value, &r))
		id, live = r.ID, err == nil && now.Before(r.Expires.time())
		return err
	})
	return id, live, err
}
