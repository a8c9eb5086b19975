package badgerstore

import (
	"context"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

const (
	// stepBytes is the biggest cost of one change. So a transaction stays below
	// Badger's limit of 15 % of a memtable: 1.2 MB and 13,000 keys, with as many
	// arrivals as a step may find.
	stepBytes = 512 << 10
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

// perform applies a batch in one step. An error of the step means that nothing
// of it can be trusted to be on disk, and breaks the store.
func (s *Store) perform(batch []*operation[change]) int {
	if s.broken.Load() {
		fail(batch, store.ErrBroken)
		return 0
	}
	if err := s.space.checkWork(); err != nil {
		fail(batch, err)
		return 0
	}
	begun := time.Now()
	st := s.newStep()
	defer s.versions.end(st.txn)
	full := s.makeRoom(batch)
	for _, op := range batch {
		if op.err = full; op.what.room == 0 || full == nil {
			op.err = op.what.apply(st)
		}
	}
	if st.keys == 0 {
		return 0
	}
	if err := s.finish(st); err != nil {
		s.fail(err)
		fail(batch, store.ErrBroken)
		return 0
	}
	s.committed(len(batch), begun)
	return len(batch) + st.indexed
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

// newStep begins a step by what has arrived since the last one.
func (s *Store) newStep() *step {
	base, arrived := s.ledger.snapshot()
	st := &step{
		store: s, txn: s.versions.begin(true), base: base, tally: newTally(),
		routed: make(map[uint64]bool), files: make(map[uint64]*fileRecord),
	}
	for _, a := range arrived {
		st.index(a)
	}
	return st
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
