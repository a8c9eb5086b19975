package badgerstore

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// format is the version of keys and records.
const format = 2

// inspect reads the counts and compares them with the records, at a cost in
// proportion to the backlog. Where they differ, it says so and believes the
// records. It also deletes chunks that a crash left without their record.
func (s *Store) inspect() error {
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
	newest := s.checkNewest(txn, t)
	oldest := s.checkUnrouted(txn, t, newest)
	s.checkQueues(txn, t)
	return s.sweep(txn, oldest)
}

// checkFormat refuses a database that isn't ours or is of a later format.
func (s *Store) checkFormat(txn *badger.Txn) error {
	value, err := get(txn, formatKey)
	if err != nil {
		return err
	}
	if value == nil {
		it := txn.NewIterator(badger.IteratorOptions{})
		defer it.Close()
		if it.Rewind(); it.Valid() {
			return errors.New("the folder holds a database that isn't a store of Porterslodge; choose another")
		}
		return s.writeFormat()
	}
	found, err := unsealSeq(value)
	if err != nil {
		return whichRecord(formatKey, err)
	}
	if found != format {
		return fmt.Errorf("the store has format %d, and this version knows %d; use the version that wrote it", found, format)
	}
	return nil
}

func (s *Store) writeFormat() error {
	txn := s.versions.begin(true)
	defer s.versions.end(txn)
	if err := txn.Set(formatKey, sealSeq(format)); err != nil {
		return err
	}
	return s.publish(txn)
}

// checkNewest returns the newest event there is, purged ones included.
func (s *Store) checkNewest(txn *badger.Txn, t *tally) uint64 {
	it := txn.NewIterator(badger.IteratorOptions{Reverse: true, Prefix: []byte{recordKind}})
	defer it.Close()
	newest := t.PurgedTo
	if it.Seek(seqKey(recordKind, 1<<64-1)); it.Valid() {
		newest = max(newest, seqOf(it.Item().Key()))
	}
	switch {
	case newest < t.Seq:
		s.log.Error("the newest events are missing from the store; restore it or ask the senders to send again",
			"missing", t.Seq-newest, "newest_found", newest, "newest_counted", t.Seq)
	case newest > t.Seq:
		s.log.Error("the store holds events that it hasn't counted", "newest_found", newest, "newest_counted", t.Seq)
		t.Seq = newest
	}
	return newest
}

// checkUnrouted finds the events that wait to be routed: those without an
// outcome. It returns the oldest, or the one that comes next if none waits.
func (s *Store) checkUnrouted(txn *badger.Txn, t *tally, newest uint64) (oldest uint64) {
	s.unrouted.to, s.unrouted.newest = t.RoutedTo, newest
	kept, routed := make(map[uint64]bool), make(map[uint64]bool)
	for key := range keysFrom(txn, []byte{recordKind}, seqKey(recordKind, t.RoutedTo+1)) {
		if key[len(key)-1] == eventRecordKind {
			kept[seqOf(key)] = true
		} else {
			routed[seqOf(key)] = true
		}
	}
	oldest = newest + 1
	var found uint64
	for seq := t.RoutedTo + 1; seq <= newest; seq++ {
		if kept[seq] && !routed[seq] {
			oldest = min(oldest, seq)
			found++
		} else {
			s.unrouted.remove(seq)
		}
	}
	if found != t.Events.Waiting {
		s.log.Error("the count of events that wait to be routed was wrong", "found", found, "counted", t.Events.Waiting)
		t.Events.Waiting = found
	}
	return oldest
}

func (s *Store) checkQueues(txn *badger.Txn, t *tally) {
	found := countNames(txn, queueKind)
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
// to an event that was never kept, to the outcome of one that waits to be
// routed, or to a quarantined request.
func (s *Store) sweep(txn *badger.Txn, oldest uint64) error {
	version := s.versions.next()
	doomed := s.db.NewWriteBatchAt(version)
	defer doomed.Cancel()
	for _, from := range [][]byte{seqKey(recordKind, oldest), {quarantineKind}} {
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
		}
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
