package badgerstore

import (
	"errors"
	"io/fs"
	"os"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/options"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// verify reads all that was on disk at opening once.
func (s *Store) verify() {
	s.verifyTables()
	s.verifyJournal()
}

// verifyTables reads every table that was there at opening once, and compares
// its checksums. Badger would do so before it opens, and again with each table
// that it has just written: a start would take seconds for each gigabyte, and
// all of it would stay mapped. One damaged table breaks the store, as it would
// have kept it from opening: Badger can't be trusted to read on from there.
func (s *Store) verifyTables() {
	for _, info := range s.db.Tables() {
		if s.closing.Load() {
			return
		}
		if err := verifyTable(s.db.Opts().Dir, info.ID, s.db.Opts()); err != nil && !errors.Is(err, fs.ErrNotExist) {
			s.broken.Store(true)
			s.log.Error("a table of the store is damaged on disk; nothing is accepted or delivered: stop, and restore the folder",
				"table", table.IDToFilename(info.ID), "error", err)
			return
		}
	}
}

// verifyTable is fs.ErrNotExist where the table was compacted meanwhile. A
// damaged one may make Badger panic.
func verifyTable(folder string, id uint64, o badger.Options) (err error) {
	data, err := os.ReadFile(table.NewFilename(id, folder))
	if err != nil {
		return err
	}
	defer func() {
		if recover() != nil {
			err = errDamaged
		}
	}()
	t, err := table.OpenInMemoryTable(data, id, &table.Options{
		BlockSize: o.BlockSize, Compression: o.Compression, ChkMode: options.NoVerification,
	})
	if err != nil {
		return err
	}
	return t.VerifyChecksum()
}

// verifyJournal says which events can't be read any more. They are no reason to
// stop: the others stand for themselves.
func (s *Store) verifyJournal() {
	for _, span := range s.journal.Files() {
		if s.closing.Load() {
			return
		}
		problems, err := s.journal.Verify(span.First)
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			s.log.Error("a file of the journal can't be read", "first", span.First, "error", err)
		}
		s.report(problems)
	}
}

func (s *Store) report(problems []journal.Problem) {
	for _, p := range problems {
		s.log.Error("the journal is damaged on disk; restore it or ask the senders to send again",
			"file", p.File, "what", p.What, "first", p.First, "last", p.Last)
	}
}
