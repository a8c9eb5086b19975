package badgerstore

import (
	"context"
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Badger takes no transaction of more than 15 % of a memtable, nor of more keys than
// such a part has room for the nodes of. What a step weighs keeps it below both.
const (
	// stepBytes is the biggest cost of one change: a step has room for it beside
	// what arrived.
	stepBytes = 320 << 10
	// aroundBytes is left for what a step writes beside its changes and arrivals,
	// and for what a change costs beyond what was known of it, such as the attempts
	// of the next in line.
	aroundBytes = 128 << 10
	// keyCost is what a key weighs at most beside its value.
	keyCost = 128
)

// change is what one call writes to the database.
type change struct {
	// room is how many bytes it brings in from outside; below the reserve of
	// the disk it fails. Everything else makes room, or moves on what is in.
	room int
	// apply checks, then writes. An error means that it wrote nothing.
	apply func(*step) error
}

// submit has a change written and returns when it is on disk.
func (s *Store) submit(ctx context.Context, what change, cost int) error {
	if s.broken.Load() {
		return store.ErrBroken
	}
	return s.changes.submit(ctx, what, cost)
}

// perform applies a batch, in one step if it fits.
func (s *Store) perform(batch []*operation[change]) (written int) {
	if err := s.space.checkWork(); err != nil {
		fail(batch, err)
		return 0
	}
	full := s.makeRoom(batch)
	for len(batch) > 0 {
		n, more := s.makeStep(batch, full)
		batch, written = batch[n:], written+more
	}
	return written
}

// makeStep applies the first n of a batch, as many as fit into one step: none where
// what arrived takes a step of its own. An error of the step means that nothing of
// it can be trusted to be on disk, and breaks the store.
func (s *Store) makeStep(batch []*operation[change], full error) (n, written int) {
	if s.broken.Load() {
		fail(batch, store.ErrBroken)
		return len(batch), 0
	}
	begun := time.Now()
	st := s.newStep()
	defer s.versions.end(st.txn)
	for ; n < len(batch) && st.fits(batch[n].cost, n == 0); n++ {
		op := batch[n]
		if op.err = full; op.what.room == 0 || full == nil {
			op.err = op.what.apply(st)
		}
	}
	if st.keys == 0 {
		return n, 0
	}
	err := s.finish(st)
	switch {
	case errors.Is(st.err, badger.ErrTxnTooBig) && n > 0: // nothing was written
		s.log.Error("a change is too large for the store", "error", err)
		s.generations.untell()
		fail(batch[:n], err)
		return n, 0
	case err != nil:
		s.fail(err)
		fail(batch[:n], store.ErrBroken)
		return n, 0
	}
	s.committed(n, begun)
	return n, n + st.indexed
}

// fail breaks the store.
func (s *Store) fail(err error) {
	if !s.broken.Swap(true) {
		s.log.Error("a write to the store failed; nothing is accepted until it is reopened", "error", err)
	}
}

// makeRoom looks once for a whole batch whether what it brings in may come in.
func (s *Store) makeRoom(batch []*operation[change]) error {
	room := 0
	for _, op := range batch {
		room += op.what.room
	}
	if room == 0 {
		return nil
	}
	return s.space.check(room)
}

// newStep begins a step by what has arrived since the last one: all of it, or as
// much as leaves room for the largest change.
func (s *Store) newStep() *step {
	base, arrived := s.ledger.snapshot()
	st := &step{
		store: s, txn: s.versions.begin(true), base: base, tally: newTally(),
		routed: make(map[uint64]bool), files: make(map[uint64]*fileRecord),
		room: s.db.MaxBatchSize() - aroundBytes,
	}
	for _, a := range arrived {
		if st.behind = st.weight > st.room-stepBytes; st.behind {
			break
		}
		st.index(a)
	}
	return st
}

// fits tells whether a change may be applied. One that is larger than any may be has
// a step of its own.
func (st *step) fits(cost int, first bool) bool {
	return !st.behind && !st.closed && (first || st.weight+int64(cost) <= st.room)
}

// finish commits a step together with the counts, then lets memory follow.
func (s *Store) finish(st *step) error {
	st.putGoners()
	st.putFiles()
	if st.err == nil {
		counted := s.ledger.with(&st.tally)
		counted.RoutedTo = s.unrouted.routedTo()
		st.putRecord(tallyKey, counted)
	}
	if st.err != nil {
		return st.err
	}
	if err := s.publish(st.txn); err != nil {
		return err
	}
	s.ledger.add(&st.tally, st.indexed)
	for _, f := range st.after {
		f()
	}
	if st.purges {
		s.removeFiles()
	}
	return nil
}

// publish commits a transaction and shows it to readers once it is on disk.
func (s *Store) publish(txn *badger.Txn) error {
	version := s.versions.next()
	if err := s.commit(txn, version); err != nil {
		return err
	}
	s.versions.committed(version)
	return nil
}

func commit(txn *badger.Txn, version uint64) error { return txn.CommitAt(version, nil) }
