package badgerstore

import (
	"context"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Quarantine implements store.Store.
func (s *Store) Quarantine(ctx context.Context, q *event.Quarantined, limit int) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	value, err := encodeQuarantined(q)
	if err != nil {
		return err
	}
	cost := min(len(value), chunkBytes) + 2*keyCost
	return s.submit(ctx, change{room: len(value), apply: func(st *step) error {
		if st.base.Quarantine[q.Source]+st.tally.Quarantine[q.Source] >= limit {
			return fmt.Errorf("source %s: %w", q.Source, store.ErrQuarantineFull)
		}
		before, now := st.base.Sources[q.Source], st.tally.Sources[q.Source]
		number := before.Quarantined + before.Released + now.Quarantined + now.Released // how many there ever were
		st.putLarge(quarantineKey(q.Source, q.Request.Received, number), value, chunkBytes)
		st.then(func() { q.Number = number })
		st.tally.source(q.Source, store.Requests{Quarantined: 1})
		st.tally.quarantine(q.Source, 1)
		return nil
	}}, cost)
}

// QuarantineFull implements store.Store.
func (s *Store) QuarantineFull(source string, limit int) bool {
	return s.ledger.quarantined(source) >= limit
}

// Quarantined implements store.Store.
func (s *Store) Quarantined(ctx context.Context, source string, after store.Place, n int) (qs []*event.Quarantined, err error) {
	prefix := namePrefix(quarantineKind, source)
	from, size := prefix, 0
	if after != (store.Place{}) {
		from = quarantineKey(source, after.At, after.Number+1)
	}
	err = s.view(ctx, func(txn *badger.Txn) error {
		for key := range keysFrom(txn, prefix, from) {
			if len(qs) >= n || size > waitingBytes {
				return nil
			}
			value, err := getLarge(txn, key)
			if err != nil {
				return err
			}
			q, err := decodeQuarantined(value)
			if err != nil {
				return whichRecord(key, err)
			}
			q.Number = lastSeq(key)
			size += len(q.Request.Body)
			qs = append(qs, q)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return qs, nil
}
