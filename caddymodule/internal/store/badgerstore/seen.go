package badgerstore

import (
	"context"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// sighting is what a dedupe key's record says.
type sighting struct {
	id   string
	live bool // it counts at the time asked about
	// synced tells that it is on disk, or that there is none.
	synced  bool
	version uint64
}

// Seen implements store.Store.
func (s *Store) Seen(ctx context.Context, source, key string, now time.Time) (id string, ok bool, err error) {
	if err := s.enter(); err != nil {
		return "", false, err
	}
	defer s.leave()
	k := dedupeKey(source, key)
	first, err := s.seen(k, now)
	if err == nil && !first.synced {
		// The committer knows.
		err = s.submit(ctx, 0, func(st *step) (err error) {
			first, err = lookUp(st.txn, k, now)
			return err
		})
	}
	if err != nil || !first.live {
		return "", false, err
	}
	return first.id, true, nil
}

// seen looks a dedupe key up without the committer.
func (s *Store) seen(key []byte, now time.Time) (first sighting, err error) {
	if s.broken.Load() {
		return first, store.ErrBroken
	}
	synced := s.synced.Load()
	err = s.db.View(func(txn *badger.Txn) error {
		first, err = lookUp(txn, key, now)
		return err
	})
	first.synced = first.version <= synced
	return first, err
}

// lookUp finds the record of a dedupe key.
func lookUp(txn *badger.Txn, key []byte, now time.Time) (sighting, error) {
	value, version, err := getVersion(txn, key)
	if err != nil || value == nil {
		return sighting{}, err
	}
	var r dedupeRecord
	if err := decode(value, &r); err != nil {
		return sighting{}, whichRecord(key, err)
	}
	return sighting{id: r.ID, live: now.Before(r.Expires.time()), version: version}, nil
}
