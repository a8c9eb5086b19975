package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// purgeBytes is what Purge writes before it ends, but for the rest of one event: a
// step has room for one of 800 deliveries beside it.
const purgeBytes = stepBytes / 2

// Purge implements store.Store.
func (s *Store) Purge(ctx context.Context, p store.Policy, n int) (store.Purged, error) {
	if err := s.enter(); err != nil {
		return store.Purged{}, err
	}
	defer s.leave()
	w := purging{store: s, policy: p, left: n}
	// At the full cost there is room in the step for all that it may write.
	if err := s.submit(ctx, change{apply: w.apply}, stepBytes); err != nil {
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
	most   int64       // the weight from which on the step may not grow
	txn    *badger.Txn // sees what was on disk before the step
	purged store.Purged
}

func (w *purging) apply(st *step) error {
	w.st, w.most, w.txn = st, st.weight+purgeBytes, w.store.versions.begin(false)
	defer w.store.versions.end(w.txn)
	st.closed = true // for another one would purge the same again
	for c := range classes {
		age := w.policy.Stuck
		switch c {
		case classFinished:
			age = w.policy.Finished
		case classDiscarded:
			age = time.Microsecond
		}
		if err := w.events(c, age); err != nil {
			return w.stop(err)
		}
	}
	w.dedupeKeys()
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
	if w.left > 0 && w.st.weight < w.most {
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
		if err := w.goners(c, bytes.Clone(key), age); err != nil {
			return err
		}
	}
	return nil
}

// goners purges the events of one record of the index, and keeps those of it
// that are too young or too many.
func (w *purging) goners(c class, key []byte, age time.Duration) error {
	value, err := get(w.txn, key)
	if err != nil {
		return err
	}
	var all goners
	if err := decode(value, &all); err != nil {
		return whichRecord(key, err)
	}
	due, rest := all.due(w.policy.Now, age)
	for len(due) > 0 && !w.full() {
		var later bool
		if later, err = w.goner(c, due[0]); err != nil {
			break
		}
		if later {
			rest = append(rest, due[0])
		}
		due = due[1:]
	}
	w.st.delete(key)
	w.st.goners[c] = append(w.st.goners[c], slices.Concat(due, rest)...)
	return err
}

// goner purges an event, unless its entry in the index is stale. One that was
// routed ahead of its turn would be routed again if nothing were left of it.
func (w *purging) goner(c class, g goner) (later bool, err error) {
	stale, err := w.st.isStale(c, g)
	ahead := g.Seq > w.store.unrouted.routedTo()
	switch {
	case err != nil || stale:
		return false, err
	case ahead && c == classDiscarded:
		return true, nil
	case ahead:
		var o *outcomeRecord
		if o, err = readOutcome(w.st.txn, g.Seq); err == nil {
			err = w.st.remove(o, g.Seq, w.policy.Now)
			w.left--
		}
	default:
		err = w.remove(c, g.Seq)
	}
	if err == nil {
		w.count(c)
	}
	return false, err
}

// remove deletes an event and counts what no backend got of it.
func (w *purging) remove(c class, seq uint64) error {
	doomed, err := w.keysOf(seq)
	if err != nil {
		return err
	}
	if err := w.st.giveUp(c, seq); err != nil {
		return err
	}
	w.delete(doomed)
	w.forget(seq)
	return nil
}

func (w *purging) forget(seq uint64) {
	w.st.purge(seq)
	w.st.then(func() { w.store.recent.forget(seq) })
}

// keysOf returns every key that an event without waiting deliveries has left.
func (w *purging) keysOf(seq uint64) (doomed [][]byte, err error) {
	o, err := readOutcome(w.txn, seq)
	if err != nil && !errors.Is(err, errDamaged) {
		return nil, err
	}
	for _, d := range o.Deliveries {
		doomed = append(doomed, progressKey(seq, d.Backend))
	}
	all, err := largeKeys(w.txn, outcomeKey(seq))
	return append(doomed, all...), err
}

func (w *purging) quarantine(source string) error {
	if w.policy.Quarantine <= 0 {
		return nil
	}
	for key := range keys(w.txn, namePrefix(quarantineKind, source)) {
		if w.policy.Now.Sub(timeOf(key)) < w.policy.Quarantine || w.full() {
			return nil
		}
		key = bytes.Clone(key)
		if there, err := has(w.st.txn, key); err != nil {
			return err
		} else if !there { // this step took it out before
			continue
		}
		doomed, err := largeKeys(w.txn, key)
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
	w.st.deleteAll(doomed)
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
