package badgerstore

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// fewWaiting is how many waiting deliveries are gathered and sorted to answer
// one query. Where there are more, whoever looks at every event soon meets one.
const fewWaiting = 10_000

// Find implements store.Store.
func (s *Store) Find(ctx context.Context, q store.Query) (found store.Found, err error) {
	if newest := s.unrouted.newestOne(); q.Before == 0 || q.Before > newest {
		q.Before = newest + 1
	}
	if q.State == event.Unrouted || q.State == event.Invalid || q.State == event.Dead {
		err = s.view(ctx, func(txn *badger.Txn) error {
			found = findStuck(txn, q)
			return nil
		})
		return found, err
	}
	few := q.State == event.Waiting && s.countWaiting(q.Backend) <= fewWaiting
	from := q.Before - min(q.Before-1, uint64(q.Look))
	if few {
		from = 1
	}
	unrouted := s.unroutedOf(q, from) // before the look: they may be routed meanwhile
	err = s.view(ctx, func(txn *badger.Txn) error {
		if few {
			found, err = s.findWaiting(txn, q, unrouted)
			return err
		}
		found = findAll(txn, q, from, unrouted)
		return nil
	})
	return found, err
}

// unroutedOf returns the events from a place on that wait to be routed: for no
// backend in particular.
func (s *Store) unroutedOf(q store.Query, from uint64) (seqs []uint64) {
	if q.State == event.Waiting && q.Backend != "" {
		return nil
	}
	for seq := range s.unrouted.after(from - 1) {
		if seq >= q.Before {
			break
		}
		seqs = append(seqs, seq)
	}
	return seqs
}

// findStuck goes down the index of what is stuck.
func findStuck(txn *badger.Txn, q store.Query) (found store.Found) {
	c := classOf(q.State)
	it := txn.NewIterator(badger.IteratorOptions{Reverse: true, Prefix: []byte{stuckKind, byte(c)}})
	defer it.Close()
	looked, last := 0, uint64(0)
	for it.Seek(stuckKey(c, q.Before, "")); it.Valid(); it.Next() {
		key := it.Item().Key()
		seq, backend := binary.BigEndian.Uint64(key[2:]), string(key[10:])
		if seq >= q.Before || seq == last || c == classDead && q.Backend != "" && backend != q.Backend {
			continue
		}
		if looked++; looked > q.Look {
			found.Next = seq + 1
			return found
		}
		last = seq
		found.Seqs = append(found.Seqs, seq)
	}
	return found
}

// countWaiting is how many deliveries to a backend wait; of all, events too.
func (s *Store) countWaiting(backend string) (n uint64) {
	counts := s.ledger.counts()
	if backend != "" {
		return counts.Backends[backend].Waiting
	}
	for _, b := range counts.Backends {
		n += b.Waiting
	}
	return n + counts.Events.Waiting
}

// findWaiting gathers what stands in queues and lines beside what waits to be routed.
func (s *Store) findWaiting(txn *badger.Txn, q store.Query, unrouted []uint64) (found store.Found, err error) {
	seqs, err := s.gatherWaiting(txn, q.Backend)
	if err != nil {
		return found, err
	}
	seqs = append(seqs, unrouted...)
	slices.Sort(seqs)
	seqs = slices.Compact(seqs)
	end, _ := slices.BinarySearch(seqs, q.Before)
	begin := max(0, end-q.Look)
	if begin > 0 {
		found.Next = seqs[begin]
	}
	found.Seqs = seqs[begin:end]
	slices.Reverse(found.Seqs)
	return found, nil
}

func (s *Store) gatherWaiting(txn *badger.Txn, backend string) (seqs []uint64, err error) {
	backends := []string{backend}
	if backend == "" {
		backends = slices.Collect(maps.Keys(s.ledger.counts().Backends))
	}
	for _, name := range backends {
		prefix := namePrefix(queueKind, name)
		for key := range keysFrom(txn, prefix, s.queues.of(name).lowest(prefix)) {
			seqs = append(seqs, lastSeq(key))
		}
		for key := range keys(txn, namePrefix(behindKind, name)) {
			seq, err := listedSeq(txn, key)
			if err != nil {
				return nil, err
			}
			seqs = append(seqs, seq)
		}
	}
	return seqs, nil
}

// findAll looks at a range of places, from its lower end upwards: so that it
// meets no more deleted keys than the range is long.
func findAll(txn *badger.Txn, q store.Query, from uint64, unrouted []uint64) (found store.Found) {
	for seq := range outcomesFrom(txn, from) {
		if seq >= q.Before {
			break
		}
		found.Seqs = append(found.Seqs, seq)
	}
	found.Seqs = append(found.Seqs, unrouted...)
	slices.Sort(found.Seqs)
	found.Seqs = slices.Compact(found.Seqs)
	slices.Reverse(found.Seqs)
	if from > 1 {
		found.Next = from
	}
	return found
}
