package badgerstore

import (
	"errors"
	"io/fs"
	"slices"
	"syscall"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// verifyTables reads every table once more, before a backup. One damaged table
// breaks the store: Badger can't be trusted to read on from there.
func (s *Store) verifyTables() error {
	for _, info := range s.db.Tables() {
		if s.closing.Load() {
			return store.ErrClosed
		}
		if err := s.verifyOne(info.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) verifyOne(id uint64) error {
	_, err := verifyTable(s.db.Opts().Dir, id)
	var unread *fs.PathError // such as for want of a descriptor
	switch {
	case err == nil || !s.hasTable(id): // one that was merged is emptied before it is removed
		return nil
	case errors.As(err, &unread) && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.EIO):
		return err
	}
	s.broken.Store(true)
	s.log.Error("a table of the store is damaged on disk; nothing is accepted or delivered: stop, and restore the folder",
		"table", table.IDToFilename(id), "error", err)
	return store.ErrBroken
}

func (s *Store) hasTable(id uint64) bool {
	return slices.ContainsFunc(s.db.Tables(), func(t badger.TableInfo) bool { return t.ID == id })
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
