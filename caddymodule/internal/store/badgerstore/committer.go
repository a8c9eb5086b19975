package badgerstore

import (
	"context"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

const (
	// batchOperations and batchBytes end the gathering of a batch. No single
	// operation is bigger than operationBytes, so a transaction stays below
	// Badger's limit of 15 % of a memtable: 1.2 MB and 13,000 keys.
	batchOperations = 256
	batchBytes      = 512 << 10
	operationBytes  = 512 << 10
	// pace is the least time from one commit to the next, for each operation of
	// the first, and at most longestPace: fewer, larger commits cost less. With
	// 64 senders it saves an eighth of the CPU; a single one waits for nothing.
	pace        = 64 * time.Microsecond
	longestPace = 2 * time.Millisecond
	// keyCost is what a key weighs at most beside its value.
	keyCost = 128
)

// operation is something to be written as a whole.
type operation struct {
	// cost is how many bytes it adds to the transaction at most.
	cost int
	// room is how many bytes it brings in from outside; below the reserve of
	// the disk it fails. Everything else makes room, or moves on what is in.
	room int
	// apply checks, then writes. An error means that it wrote nothing.
	apply func(*step) error
	err   error
	done  chan error // of capacity 1
}

// submit queues an operation and returns when it is on disk. Whoever finds
// nobody committing does it for all that are queued: one at a time, without a
// goroutine in between. The context counts only until the operation was queued.
func (s *Store) submit(ctx context.Context, op operation) error {
	if s.broken.Load() {
		return store.ErrBroken
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	op.done = make(chan error, 1)
	select {
	case s.operations <- &op:
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		select {
		case err := <-op.done:
			return err
		case s.committing <- struct{}{}:
			s.commitQueued()
			<-s.committing
		}
	}
}

// commitQueued commits what is queued, at the pace of the batch before.
func (s *Store) commitQueued() {
	time.Sleep(time.Until(s.next))
	batch := s.gather()
	if len(batch) == 0 {
		return
	}
	s.next = time.Now().Add(min(time.Duration(len(batch)-1)*pace, longestPace))
	err := s.perform(batch)
	for _, op := range batch {
		if err != nil {
			op.err = err
		}
		op.done <- op.err
	}
}

// gather takes what is queued, without waiting; it may be nothing.
func (s *Store) gather() (batch []*operation) {
	for cost := 0; len(batch) < batchOperations && cost < batchBytes; {
		select {
		case op := <-s.operations:
			batch = append(batch, op)
			cost += op.cost
		default:
			return batch
		}
	}
	return batch
}

// perform applies a batch in one step. An error means that nothing of it can
// be trusted to be on disk, and breaks the store.
func (s *Store) perform(batch []*operation) error {
	if s.broken.Load() {
		return store.ErrBroken
	}
	st := s.newStep()
	defer s.versions.end(st.txn)
	full := s.makeRoom(batch)
	for _, op := range batch {
		if op.err = full; op.room == 0 || full == nil {
			op.err = op.apply(st)
		}
	}
	if st.keys == 0 {
		return nil
	}
	if err := s.finish(st); err != nil {
		s.broken.Store(true)
		s.log.Error("a write to the store failed; nothing is accepted until it is reopened", "error", err)
		return store.ErrBroken
	}
	return nil
}

// makeRoom looks once for a whole batch whether what it brings in may come in.
func (s *Store) makeRoom(batch []*operation) error {
	room := 0
	for _, op := range batch {
		room += op.room
	}
	if room == 0 {
		return nil
	}
	return s.space.check(room)
}

func (s *Store) newStep() *step {
	return &step{
		store: s, txn: s.versions.begin(true), base: s.ledger.snapshot(), tally: newTally(),
		routed: make(map[uint64]bool),
	}
}

// finish commits a step together with the counts, then lets memory follow.
func (s *Store) finish(st *step) error {
	st.putGoners()
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
	s.ledger.add(&st.tally)
	for _, f := range st.after {
		f()
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
