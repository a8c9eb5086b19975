package badgerstore

import (
	"context"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

type pauseRecord struct {
	Paused bool  `cbor:"1,keyasint,omitempty"`
	Since  micro `cbor:"2,keyasint"`
}

// SetPause implements store.Store.
func (s *Store) SetPause(ctx context.Context, backend string, p store.Pause) error {
	return s.byHand(ctx, keyCost, func(st *step) error {
		st.putRecord(pauseKey(backend), pauseRecord{p.Paused, microOf(p.Since)})
		return nil
	})
}

// Pauses implements store.Store.
func (s *Store) Pauses(ctx context.Context) (map[string]store.Pause, error) {
	all := make(map[string]store.Pause)
	prefix := pauseKey("")
	err := s.view(ctx, func(txn *badger.Txn) error {
		for key := range keys(txn, prefix) {
			value, err := get(txn, key)
			if err != nil {
				return err
			}
			var r pauseRecord
			if err := decode(value, &r); err != nil {
				return whichRecord(key, err)
			}
			all[string(key[len(prefix):])] = store.Pause{Paused: r.Paused, Since: r.Since.time()}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}
