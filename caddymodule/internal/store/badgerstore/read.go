package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// Event implements store.Store.
func (s *Store) Event(ctx context.Context, seq uint64) (ev *event.Event, err error) {
	waits := s.unrouted.has(seq) // before the look: it may be routed meanwhile
	err = s.view(ctx, func(txn *badger.Txn) error {
		if ev = s.recent.get(seq); ev != nil && ev.Outcome.State != "" {
			return nil
		}
		o, err := readOutcomeOf(txn, seq, waits)
		if err != nil {
			return err
		}
		if ev, err = s.readEvent(seq); err == nil && ev.Outcome.State == "" && o.State != "" {
			routed := *ev // a recent one is everybody's
			routed.Outcome = o.outcome()
			ev = &routed
		}
		return err
	})
	if err != nil {
		return nil, ifDamaged(seq, err)
	}
	return ev, nil
}

// ifDamaged names the event where an error means that it can't be read any more.
func ifDamaged(seq uint64, err error) error {
	if errors.Is(err, errDamaged) {
		return &store.DamagedError{Seq: seq, Err: err}
	}
	return err
}

// Deliveries implements store.Store.
func (s *Store) Deliveries(ctx context.Context, seq uint64) (ds []*event.Delivery, err error) {
	waits := s.unrouted.has(seq) // before the look
	err = s.view(ctx, func(txn *badger.Txn) error {
		o, err := readOutcomeOf(txn, seq, waits)
		if err != nil {
			return err
		}
		for i := range o.Deliveries {
			d, err := readDelivery(txn, seq, o, &o.Deliveries[i])
			if err != nil {
				return err
			}
			ds = append(ds, d)
		}
		return nil
	})
	if err != nil {
		return nil, ifDamaged(seq, err)
	}
	return ds, nil
}

// Counts implements store.Store.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	if err := s.enter(); err != nil {
		return store.Counts{}, err
	}
	defer s.leave()
	return s.ledger.counts(), ctx.Err()
}

// Note implements store.Store.
func (s *Store) Note(source string, n store.Requests) {
	if s.enter() != nil {
		return
	}
	defer s.leave()
	s.ledger.note(source, n)
}

// view runs a read while the store is open.
func (s *Store) view(ctx context.Context, f func(*badger.Txn) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.versions.view(f)
}

// readEvent returns an event, with its outcome if it is a recent one.
func (s *Store) readEvent(seq uint64) (*event.Event, error) {
	if ev := s.recent.get(seq); ev != nil {
		return ev, nil
	}
	record, err := s.journal.Read(seq)
	if errors.Is(err, journal.ErrNotFound) {
		return nil, store.ErrNotFound
	}
	var ev *event.Event
	if err == nil {
		ev, err = decodeEvent(seq, record)
	}
	if err != nil {
		return nil, fmt.Errorf("event %d: %w", seq, err)
	}
	return ev, nil
}

// readOutcomeOf returns the zero value for an event that waits to be routed,
// and ErrNotFound for one that was purged or never kept.
func readOutcomeOf(txn *badger.Txn, seq uint64, waits bool) (*outcomeRecord, error) {
	o, err := readOutcome(txn, seq)
	if err == nil && (o.State == "" && !waits || o.State == event.Discarded) {
		err = store.ErrNotFound
	}
	return o, err
}

// readOutcome returns the zero value for an event that wasn't routed.
func readOutcome(txn *badger.Txn, seq uint64) (*outcomeRecord, error) {
	var o outcomeRecord
	key := outcomeKey(seq)
	value, err := getLarge(txn, key)
	if err != nil || value == nil {
		return &o, err
	}
	return &o, whichRecordIf(key, decode(value, &o))
}

// readDelivery brings a delivery up to date with its attempts.
func readDelivery(txn *badger.Txn, seq uint64, o *outcomeRecord, r *deliveryRecord) (*event.Delivery, error) {
	d := r.delivery(seq, o.At)
	key := progressKey(seq, r.Backend)
	value, err := get(txn, key)
	if err != nil || value == nil {
		return d, err
	}
	return d, whichRecordIf(key, decodeProgress(d, value))
}

// keys goes through the keys with a prefix. A key is valid until the next one.
func keys(txn *badger.Txn, prefix []byte) iter.Seq[[]byte] { return keysFrom(txn, prefix, prefix) }

func keysFrom(txn *badger.Txn, prefix, from []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: prefix})
		defer it.Close()
		for it.Seek(from); it.Valid(); it.Next() {
			if !yield(it.Item().Key()) {
				return
			}
		}
	}
}

// outcomesFrom goes through the events that were routed, from one on.
func outcomesFrom(txn *badger.Txn, from uint64) iter.Seq[uint64] {
	return func(yield func(uint64) bool) {
		it := txn.NewIterator(badger.IteratorOptions{Prefix: []byte{eventKind}})
		defer it.Close()
		for it.Seek(outcomeKey(from)); it.Valid(); {
			key := it.Item().Key()
			if !isOutcome(key) { // the dedupe keys are many
				it.Seek(afterGeneration(key))
				continue
			}
			if !yield(seqOf(key)) {
				return
			}
			it.Next()
		}
	}
}

// countNames counts the keys of a kind by the name they begin with.
func countNames(txn *badger.Txn, kind byte) map[string]int {
	n := make(map[string]int)
	for key := range keys(txn, []byte{kind}) {
		n[nameOf(key)]++
	}
	return n
}
