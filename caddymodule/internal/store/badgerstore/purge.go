package badgerstore

import (
	"bytes"
	"context"
	"maps"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// purgeKeys ends a step of Purge: Badger takes 26,000 keys at once.
const purgeKeys = 8000

// Purge implements store.Store.
func (s *Store) Purge(ctx context.Context, p store.Policy, n int) (store.Purged, error) {
	if err := s.enter(); err != nil {
		return store.Purged{}, err
	}
	defer s.leave()
	w := purging{store: s, policy: p, left: n}
	// At the full cost it is the last operation of its step.
	if err := s.submit(ctx, operationBytes, w.apply); err != nil {
		return store.Purged{}, err
	}
	return w.purged, nil
}

// purging is one call of Purge.
type purging struct {
	store  *Store
	policy store.Policy
	left   int

	st     *step
	txn    *badger.Txn // sees what was on disk before the step
	purged store.Purged
}

func (w *purging) apply(st *step) error {
	w.st, w.txn = st, w.store.db.NewTransaction(false)
	defer w.txn.Discard()
	for c := range classes {
		age := w.policy.Stuck
		if c == classFinished {
			age = w.policy.Finished
		}
		if err := w.events(c, age); err != nil {
			return w.stop(err)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(st.base.Quarantine)) {
		if err := w.quarantine(source); err != nil {
			return w.stop(err)
		}
	}
	return nil
}

// stop ends the step at what can't be read; what was purged before it counts.
func (w *purging) stop(err error) error {
	if w.purged == (store.Purged{}) {
		return err
	}
	w.store.log.Error("purging stopped at what can't be read", "error", err)
	return nil
}

// full tells that the step may not grow, though there is more to purge.
func (w *purging) full() bool {
	if w.left > 0 && w.st.keys < purgeKeys {
		return false
	}
	w.purged.More = true
	return true
}

func (w *purging) events(c class, age time.Duration) error {
	if age <= 0 {
		return nil
	}
	prefix := []byte{finishedKind, byte(c)}
	cursor := &w.store.purgeable[c]
	low, first := cursor.begin(), afterPrefix(prefix)
	defer func() { cursor.end(first) }()
	if low == nil {
		low = prefix
	}
	for key := range keysFrom(w.txn, prefix, low) {
		if bytes.Compare(key, first) < 0 {
			first = bytes.Clone(key)
		}
		if w.policy.Now.Sub(timeOf(key)) < age || w.full() {
			return nil
		}
		seq := lastSeq(key)
		doomed, err := w.keysOf(seq)
		if err != nil {
			return err
		}
		w.delete(append(doomed, bytes.Clone(key)))
		w.st.tally.PurgedTo = max(w.st.tally.PurgedTo, seq)
		w.count(c)
	}
	return nil
}

// keysOf returns every key that an event without waiting deliveries has left.
func (w *purging) keysOf(seq uint64) (doomed [][]byte, err error) {
	large := [][]byte{seqKey(eventKind, seq), seqKey(outcomeKind, seq)}
	for key := range keys(w.txn, seqKey(deliveryKind, seq)) {
		large = append(large, bytes.Clone(key))
		doomed = append(doomed, deliveryKey(progressKind, seq, backendOf(key)))
	}
	for _, key := range large {
		all, err := largeKeys(w.txn, key)
		if err != nil {
			return nil, err
		}
		doomed = append(doomed, all...)
	}
	return doomed, nil
}

func (w *purging) quarantine(source string) error {
	if w.policy.Quarantine <= 0 {
		return nil
	}
	for key := range keys(w.txn, namePrefix(quarantineKind, source)) {
		if w.policy.Now.Sub(timeOf(key)) < w.policy.Quarantine || w.full() {
			return nil
		}
		doomed, err := largeKeys(w.txn, bytes.Clone(key))
		if err != nil {
			return err
		}
		w.delete(doomed)
		w.st.tally.quarantine(source, -1)
		w.purged.Quarantined++
	}
	return nil
}

func (w *purging) delete(doomed [][]byte) {
	for _, key := range doomed {
		w.st.delete(key)
	}
	w.left--
}

func (w *purging) count(c class) {
	switch c {
	case classFinished:
		w.purged.Finished++
	case classUnrouted:
		w.purged.Unrouted++
	case classInvalid:
		w.purged.Invalid++
	case classDead:
		w.purged.Dead++
	}
}
