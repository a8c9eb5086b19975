package badgerstore

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// format is the version of keys and records.
const format = 4

// inspect reads the counts and compares them with the records, at a cost in
// proportion to the backlog. Where they differ, it says so and believes the
// records. Then it takes up what had arrived in the journal alone. It also
// deletes chunks that a crash left without their record.
func (s *Store) inspect(folder string, o journal.Options) error {
	s.ledger.now = newTally()
	txn := s.versions.begin(false)
	defer s.versions.end(txn)
	if err := s.checkFormat(txn); err != nil {
		return err
	}
	t := &s.ledger.now
	value, err := get(txn, tallyKey)
	if err == nil && value != nil {
		err = whichRecordIf(tallyKey, decode(value, t))
	}
	if err != nil {
		return err
	}
	for source, n := range countNames(txn, quarantineKind) {
		t.quarantine(source, n)
	}
	var problems []journal.Problem
	if s.journal, problems, err = journal.Open(folder, t.Seq, o); err != nil {
		return err
	}
	s.report(problems)
	if err := s.checkFiles(txn); err != nil {
		return err
	}
	if err := s.generations.load(txn); err != nil {
		return err
	}
	s.checkUnrouted(txn, t)
	s.checkQueues(txn, t)
	if err := s.takeUp(); err != nil {
		return err
	}
	return s.sweep(txn, t.RoutedTo+1)
}

// checkFormat refuses a database that isn't ours or is of another format.
func (s *Store) checkFormat(txn *badger.Txn) error {
	found, there, err := getSeq(txn, formatKey)
	if err != nil {
		return err
	}
	if !there {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		if it.Rewind(); it.Valid() {
			return errors.New("the folder holds a database that isn't a store of Porterslodge; choose another")
		}
		if lost, err := hasJournal(s.space.path); err != nil || lost {
			return cmp.Or(err, errLost)
		}
		return s.writeFormat()
	}
	if found != format {
		return otherFormat("the store has format", found)
	}
	return nil
}

// otherFormat refuses what another version wrote, which no version converts.
func otherFormat(what string, found uint64) error {
	return fmt.Errorf("%s %d, and this version knows %d; use the version that wrote it", what, found, format)
}

func (s *Store) writeFormat() error {
	txn := s.versions.begin(true)
	defer s.versions.end(txn)
	if err := txn.Set(formatKey, sealSeq(format)); err != nil {
		return err
	}
	return s.publish(txn)
}

// checkUnrouted finds the events that wait to be routed: those without an
// outcome.
func (s *Store) checkUnrouted(txn *badger.Txn, t *tally) {
	s.unrouted.to, s.unrouted.newest = t.RoutedTo, t.Seq
	found := t.Seq - t.RoutedTo
	for seq := range outcomesFrom(txn, t.RoutedTo+1) {
		s.unrouted.remove(seq)
		found--
	}
	if found != t.Events.Waiting {
		s.log.Error("the count of events that wait to be routed was wrong", "found", found, "counted", t.Events.Waiting)
		t.Events.Waiting = found
	}
}

// takeUp reads the arrivals that the database doesn't know of. After a crash
// they are few; many mean that it lost its newest steps.
func (s *Store) takeUp() error {
	last := s.journal.Next() - 1
	if n := last - s.ledger.now.Seq; n > 2*unindexed {
		s.log.Error("the database has lost its newest steps; events are routed that may have been delivered before",
			"events", n, "first", s.ledger.now.Seq+1, "last", last)
	}
	for seq := s.ledger.now.Seq + 1; seq <= last; seq++ {
		a, err := s.readArrival(seq)
		if err != nil {
			return err
		}
		s.remember([]*arrival{a})
		s.unrouted.add(seq)
		if s.ledger.arrivals() >= unindexed {
			if err := s.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// readArrival returns the bare place of one that is lost.
func (s *Store) readArrival(seq uint64) (a *arrival, err error) {
	record, err := s.journal.Read(seq)
	if err == nil {
		a, err = decodeArrival(seq, record)
	}
	if err == nil || !isLost(err) {
		return a, err
	}
	s.log.Error("an event that was kept can't be read", "seq", seq, "error", err)
	return &arrival{seq: seq}, nil
}

func (s *Store) checkQueues(txn *badger.Txn, t *tally) {
	found := make(map[string]int)
	for key := range keys(txn, []byte{queueKind}) {
		name := nameOf(key)
		found[name]++
		s.queues.of(name).enter(lastSeq(key))
	}
	for name, n := range countNames(txn, behindKind) {
		found[name] += n
	}
	for name := range t.Backends {
		found[name] += 0
	}
	for name, n := range found {
		if counted := t.Backends[name].Waiting; counted != uint64(n) {
			s.log.Error("the count of waiting deliveries was wrong", "backend", name, "found", n, "counted", counted)
			t.backend(name, store.Deliveries{Waiting: uint64(n) - counted})
		}
	}
}

// sweep deletes chunks whose record was never committed. They can only belong
// to the outcome of an event that waits to be routed, or to a quarantined
// request.
func (s *Store) sweep(txn *badger.Txn, oldest uint64) error {
	version := s.versions.next()
	doomed := s.db.NewWriteBatchAt(version)
	defer doomed.Cancel()
	none := true
	for _, from := range [][]byte{outcomeKey(oldest), {quarantineKind}} {
		seek := append([]byte{chunkKind}, from...)
		for key := range keysFrom(txn, seek[:2], seek) {
			if found, err := has(txn, headOf(key)); err != nil {
				return err
			} else if found {
				continue
			}
			if err := doomed.Delete(bytes.Clone(key)); err != nil {
				return err
			}
			none = false
		}
	}
	if none {
		return nil // a step that isn't in a log would look like one that was lost
	}
	if err := doomed.Flush(); err != nil {
		return err
	}
	s.versions.committed(version)
	return nil
}

func whichRecordIf(key []byte, err error) error {
	if err == nil {
		return nil
	}
	return whichRecord(key, err)
}
