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
	return s.keep(ctx, keeping{store: s, ev: ev}, d)
}

func (s *Store) keep(ctx context.Context, k keeping, d store.Dedupe) (store.Kept, error) {
	if err := s.enter(); err != nil {
		return store.Kept{}, err
	}
	defer s.leave()
	ev := k.ev
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
			return store.Kept{ID: first, Duplicate: true}, k.noteDuplicate(ctx)
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
	// from is the request that it was in the quarantine; nil if it wasn't.
	from *event.Quarantined
}

// noteDuplicate counts an event that isn't written.
func (k *keeping) noteDuplicate(ctx context.Context) error {
	switch {
	case k.from != nil:
		return k.store.takeOut(ctx, k.from, store.Requests{Quarantined: ^uint64(0), Released: 1, Duplicate: 1})
	case k.ev.ReplayOf == "":
		k.store.ledger.note(k.ev.Source, store.Requests{Duplicate: 1})
	}
	return nil
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
	if k.from != nil {
		if err := st.takeOut(k.from); err != nil {
			return err
		}
		st.tally.source(k.from.Source, store.Requests{Quarantined: ^uint64(0), Released: 1}) // one less, one more
	}
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
	st.tally.source(k.ev.Source, arrived(k.ev.ReplayOf != ""))
	st.tally.events(store.Events{Waiting: 1})
	return nil
}

// arrived counts an event that was kept.
func arrived(replay bool) store.Requests {
	if replay {
		return store.Requests{Replayed: 1}
	}
	return store.Requests{New: 1}
}
