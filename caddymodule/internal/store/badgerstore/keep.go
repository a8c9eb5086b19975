package badgerstore

import (
	"context"
	"time"

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
		k.key, k.window = dedupeKey(ev.Source, d.Key), d.Window
		first, err := s.seen(k.key, ev.Request.Received)
		if err != nil {
			return store.Kept{}, err
		}
		if first.live && first.synced {
			s.ledger.note(ev.Source, store.Requests{Duplicate: 1})
			return store.Kept{ID: first.id, Duplicate: true}, nil
		}
	}
	if err := k.write(ctx); err != nil {
		return store.Kept{}, err
	}
	if k.kept.Duplicate {
		s.ledger.note(ev.Source, store.Requests{Duplicate: 1})
	} else {
		ev.Seq = k.seq
	}
	return k.kept, nil
}

// keeping is one call of Keep that may have to write.
type keeping struct {
	store  *Store
	ev     *event.Event
	key    []byte // nil remembers nothing
	window time.Duration
	value  []byte

	seq  uint64
	kept store.Kept
}

func (k *keeping) write(ctx context.Context) (err error) {
	if k.value, err = encodeEvent(k.ev); err != nil {
		return err
	}
	if err := k.store.space.admit(len(k.value)); err != nil {
		return err
	}
	defer k.store.space.release(len(k.value))
	cost := min(len(k.value), chunkBytes) + len(k.ev.ID) + 4*keyCost
	return k.store.submit(ctx, cost, k.apply)
}

// apply looks for a duplicate once more: it may be in the same batch.
func (k *keeping) apply(st *step) error {
	received := k.ev.Request.Received
	if k.key != nil {
		first, err := lookUp(st.txn, k.key, received)
		if err != nil {
			return err
		}
		if first.live {
			k.kept = store.Kept{ID: first.id, Duplicate: true}
			return nil
		}
		value, err := encode(dedupeRecord{ID: k.ev.ID, Expires: microOf(received.Add(k.window))})
		if err != nil {
			return err
		}
		st.putFor(k.key, value, k.window+dedupeGrace)
	}
	k.seq, k.kept = st.nextSeq(), store.Kept{ID: k.ev.ID}
	st.putLarge(seqKey(eventKind, k.seq), k.value, chunkBytes)
	waiting := seqKey(unroutedKind, k.seq)
	st.put(waiting, nil)
	st.then(func() { k.store.unrouted.put(waiting) })
	st.tally.source(k.ev.Source, store.Requests{New: 1})
	st.tally.events(store.Events{Waiting: 1})
	return nil
}
