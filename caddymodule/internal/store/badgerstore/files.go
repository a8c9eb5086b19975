package badgerstore

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// fileRecord is what the database knows of a file of the journal. A file goes
// as soon as all its events were purged.
type fileRecord struct{ events, purged uint64 }

func (r fileRecord) seal() []byte {
	return seal(formRecord, binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, r.events), r.purged))
}

func unsealFile(value []byte) (r fileRecord, err error) {
	_, rest, err := unseal(value)
	if err != nil {
		return r, err
	}
	if len(rest) != 16 {
		return r, fmt.Errorf("%w: %d bytes are no two numbers", errDamaged, len(rest))
	}
	return fileRecord{binary.BigEndian.Uint64(rest), binary.BigEndian.Uint64(rest[8:])}, nil
}

// purge counts an event that the step purges.
func (st *step) purge(seq uint64) {
	if span, ok := st.store.journal.FileOf(seq); ok {
		st.file(span.First).purged++
		st.purges = true
	}
}

// hold counts an event that the step indexes.
func (st *step) hold(seq uint64) {
	if seq < st.span.First || seq >= st.span.End {
		st.span, _ = st.store.journal.FileOf(seq)
	}
	if first := st.span.First; first != 0 {
		st.file(first).events = seq - first + 1
	}
}

// file is a file's record as the step will write it.
func (st *step) file(first uint64) *fileRecord {
	if st.files[first] == nil {
		r := st.store.files[first]
		st.files[first] = &r
	}
	return st.files[first]
}

// putFiles writes what the step changes in files' records, and forgets those
// of files that are gone.
func (st *step) putFiles() {
	for first, r := range st.files {
		st.put(seqKey(fileKind, first), r.seal())
		st.then(func() { st.store.files[first] = *r })
	}
	for first := range st.store.gone {
		st.delete(seqKey(fileKind, first))
		st.then(func() { delete(st.store.gone, first) })
	}
}

// removeFiles removes the files of which all events were purged, after that is
// on disk. While a backup reads them they stay, until the next step that purges.
func (s *Store) removeFiles() {
	if !s.removing.TryLock() {
		return
	}
	defer s.removing.Unlock()
	for first, r := range s.files {
		if span, ok := s.journal.FileOf(first); !ok || r.purged < span.End-span.First {
			continue
		}
		if err := s.removeFile(first); err != nil && !errors.Is(err, journal.ErrNotFound) {
			s.log.Error("a file of purged events can't be removed", "error", err)
		}
	}
}

func (s *Store) removeFile(first uint64) error {
	if err := s.journal.Remove(first); err != nil {
		return err
	}
	delete(s.files, first)
	s.gone[first] = true
	return nil
}

// checkFiles compares the journal's files with what the database knows of them.
func (s *Store) checkFiles(txn *badger.Txn) error {
	for key := range keys(txn, []byte{fileKind}) {
		first := seqOf(key)
		value, err := get(txn, key)
		if err != nil {
			return err
		}
		r, err := unsealFile(value)
		if err != nil {
			return whichRecord(key, err)
		}
		s.files[first] = r
		span, there := s.journal.FileOf(first)
		switch held := span.End - span.First; {
		case !there && r.purged >= r.events:
			delete(s.files, first)
			s.gone[first] = true
		case held < r.events:
			s.log.Error("events are missing from the journal; restore it or ask the senders to send again",
				"missing", r.events-max(held, r.purged), "first", first, "last", first+r.events-1)
		case there && r.purged >= held:
			if err := s.removeFile(first); err != nil && !errors.Is(err, journal.ErrNotFound) {
				return err
			}
		}
	}
	return nil
}
