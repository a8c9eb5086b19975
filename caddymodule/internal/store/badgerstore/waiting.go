package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"math"
	"sync"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// waitingBytes bounds the payloads that one call of Waiting returns, beside n.
const waitingBytes = 16 << 20

// Waiting implements store.Store. An event that is damaged is logged once and
// left where it is, so that it doesn't hold up those behind it.
func (s *Store) Waiting(ctx context.Context, after uint64, n int) (evs []*event.Event, err error) {
	if after == math.MaxUint64 || n <= 0 {
		return nil, ctx.Err()
	}
	err = s.view(ctx, func(*badger.Txn) error {
		evs, err = s.waiting(after, n)
		return err
	})
	return evs, err
}

func (s *Store) waiting(after uint64, n int) (evs []*event.Event, err error) {
	low := s.unrouted.begin()
	txn := s.db.NewTransaction(false) // after begin
	defer txn.Discard()
	seqs, first := s.pickWaiting(txn, low, after, n)
	s.unrouted.end(first)
	size := 0
	var damage error
	for _, seq := range seqs {
		ev, err := readEvent(txn, seq)
		if err != nil {
			if damage = err; !errors.Is(err, errDamaged) {
				return nil, err
			}
			s.unread.add(seq)
			s.log.Error("an event can't be read and stays waiting", "seq", seq, "error", err)
			continue
		}
		evs = append(evs, ev)
		if size += len(ev.Request.Body); size > waitingBytes {
			break
		}
	}
	if len(evs) == 0 {
		return nil, damage
	}
	return evs, nil
}

// pickWaiting finds up to n waiting events, and the first key that is alive if
// it looked from the cursor on.
func (s *Store) pickWaiting(txn *badger.Txn, low []byte, after uint64, n int) (seqs []uint64, first []byte) {
	prefix := []byte{unroutedKind}
	seek := seqKey(unroutedKind, after+1)
	whole := after == 0 || low != nil && bytes.Compare(seek, low) <= 0
	if low != nil && whole {
		seek = low
	}
	for key := range keysFrom(txn, prefix, seek) {
		if first == nil {
			first = bytes.Clone(key)
		}
		if len(seqs) == n {
			break
		}
		if seq := seqOf(key); !s.unread.has(seq) {
			seqs = append(seqs, seq)
		}
	}
	if first == nil {
		first = afterPrefix(prefix)
	}
	if !whole {
		first = nil
	}
	return seqs, first
}

// damaged are events that can't be read, so that each is logged only once.
type damaged struct {
	mu   sync.Mutex
	seqs map[uint64]bool
}

func (d *damaged) has(seq uint64) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.seqs[seq]
}

func (d *damaged) add(seq uint64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.seqs == nil {
		d.seqs = make(map[uint64]bool)
	}
	d.seqs[seq] = true
}
