package badgerstore

import (
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
	k := keeping{store: s, ev: ev}
	if d.Window > 0 && d.Key != "" {
		k.key, k.window = hashKey(ev.Source, d.Key), d.Window
		if err := s.keys.claim(ctx, k.key); err != nil {
			return store.Kept{}, err
		}
		defer s.keys.release(k.key)
		first, live, err := s.seen(k.key, ev.Request.Received)
		if err != nil {
			return store.Kept{}, err
		}
		if live {
			s.ledger.note(ev.Source, store.Requests{Duplicate: 1})
			return store.Kept{ID: first, Duplicate: true}, nil
		}
	}
	if err := k.write(ctx); err != nil {
		return store.Kept{}, err
	}
	return store.Kept{ID: ev.ID}, nil
}

// seen looks for a live dedupe key that the caller has claimed.
func (s *Store) seen(key dedupeHash, now time.Time) (id string, live bool, err error) {
	if s.broken.Load() {
		return "", false, store.ErrBroken
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

// keeping is one call of Keep that writes.
type keeping struct {
	store  *Store
	ev     *event.Event
	window time.Duration // 0 remembers nothing
	key    dedupeHash
	value  []byte
	memory []byte // the dedupe key's record
}

func (k *keeping) write(ctx context.Context) (err error) {
	if k.value, err = encodeEvent(k.ev); err != nil {
		return err
	}
	if k.window > 0 {
		expires := microOf(k.ev.Request.Received.Add(k.window))
		if k.memory, err = encode(dedupeRecord{ID: k.ev.ID, Expires: expires}); err != nil {
			return err
		}
	}
	cost := min(len(k.value), chunkBytes) + len(k.memory) + 3*keyCost
	return k.store.submit(ctx, operation{cost: cost, room: len(k.value), apply: k.apply})
}

func (k *keeping) apply(st *step) error {
	seq := st.nextSeq()
	if k.memory != nil {
		st.putFor(dedupeKey(k.key), k.memory, k.window+dedupeGrace)
	}
	st.putLarge(eventKey(seq), k.value, chunkBytes)
	st.then(func() {
		k.ev.Seq = seq
		k.store.recent.add(k.ev)
		k.store.unrouted.add(seq)
	})
	st.tally.source(k.ev.Source, store.Requests{New: 1})
	st.tally.events(store.Events{Waiting: 1})
	return nil
}
