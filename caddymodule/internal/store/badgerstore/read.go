package badgerstore

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Event implements store.Store.
func (s *Store) Event(ctx context.Context, seq uint64) (ev *event.Event, err error) {
	err = s.view(ctx, func(txn *badger.Txn) error {
		if ev, err = readEvent(txn, seq); err != nil {
			return err
		}
		ev.Outcome, err = readOutcome(txn, seq)
		return err
	})
	if err != nil {
		return nil, err
	}
	return ev, nil
}

// Deliveries implements store.Store.
func (s *Store) Deliveries(ctx context.Context, seq uint64) (ds []*event.Delivery, err error) {
	err = s.view(ctx, func(txn *badger.Txn) error {
		if found, err := has(txn, seqKey(eventKind, seq)); err != nil || !found {
			return orNotFound(err)
		}
		for key := range keys(txn, seqKey(deliveryKind, seq)) {
			d, err := readDelivery(txn, seq, backendOf(key))
			if err != nil {
				return err
			}
			ds = append(ds, d)
		}
		o, err := readOutcome(txn, seq)
		slices.SortStableFunc(ds, func(a, b *event.Delivery) int {
			return cmpBackends(o.Backends, a.Backend, b.Backend)
		})
		return err
	})
	if err != nil {
		return nil, err
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
	return s.db.View(f)
}

func orNotFound(err error) error {
	if err == nil {
		return store.ErrNotFound
	}
	return err
}

func readEvent(txn *badger.Txn, seq uint64) (*event.Event, error) {
	key := seqKey(eventKind, seq)
	value, err := getLarge(txn, key)
	if err != nil || value == nil {
		return nil, orNotFound(err)
	}
	ev, err := decodeEvent(seq, value)
	return ev, whichRecordIf(key, err)
}

// readOutcome returns the zero value for an event that wasn't routed.
func readOutcome(txn *badger.Txn, seq uint64) (o event.Outcome, err error) {
	key := seqKey(outcomeKind, seq)
	value, err := getLarge(txn, key)
	if err != nil || value == nil {
		return o, err
	}
	o, err = decodeOutcome(value)
	return o, whichRecordIf(key, err)
}

func readDelivery(txn *badger.Txn, seq uint64, backend string) (*event.Delivery, error) {
	key := deliveryKey(deliveryKind, seq, backend)
	value, err := getLarge(txn, key)
	if err != nil || value == nil {
		return nil, orNotFound(err)
	}
	d, err := decodeDelivery(seq, backend, value)
	if err != nil {
		return nil, whichRecord(key, err)
	}
	key[0] = progressKind
	if value, err = get(txn, key); err != nil || value == nil {
		return d, err
	}
	return d, whichRecordIf(key, decodeProgress(d, value))
}

// cmpBackends orders backends as an outcome names them, unnamed ones last.
func cmpBackends(order []string, a, b string) int {
	place := func(name string) int {
		if i := slices.Index(order, name); i >= 0 {
			return i
		}
		return len(order)
	}
	if d := place(a) - place(b); d != 0 {
		return d
	}
	return strings.Compare(a, b)
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

// countNames counts the keys of a kind by the name they begin with.
func countNames(txn *badger.Txn, kind byte) map[string]int {
	n := make(map[string]int)
	for key := range keys(txn, []byte{kind}) {
		n[nameOf(key)]++
	}
	return n
}

func backendOf(key []byte) string { return string(key[9:]) }
