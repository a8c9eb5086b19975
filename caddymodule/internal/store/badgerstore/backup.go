package badgerstore

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// entryRecord is an entry of the database in a backup.
type entryRecord struct {
	_       struct{} `cbor:",toarray"`
	Key     []byte
	Value   []byte
	Meta    byte
	Expires uint64 // in seconds since 1970; 0 is never
}

// entriesBytes is how many bytes of entries share a frame, but for the last one.
const entriesBytes = 64 << 10

var _ store.Backuper = (*Store)(nil)

// Backup implements store.Backuper. It holds the database at a version, and
// the journal as it stood just after that: so the journal has all that the
// database speaks of, and little that it doesn't know, which opening takes up.
// Meanwhile no file of the journal is removed.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	s.removing.RLock()
	defer s.removing.RUnlock()
	if err := s.verifyTables(); err != nil { // Badger is silent where it can't read on
		return err
	}
	if s.broken.Load() {
		return store.ErrBroken
	}
	txn := s.versions.begin(false)
	defer s.versions.end(txn)
	files := s.journal.Snapshot()
	to, err := backup.NewWriter(stopping{w, func() error {
		if s.closing.Load() {
			return store.ErrClosed
		}
		return ctx.Err()
	}})
	if err != nil {
		return err
	}
	if err := writeBackup(to, txn, files); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// stopping is a writer that fails when there is a reason to stop.
type stopping struct {
	io.Writer
	why func() error
}

func (w stopping) Write(data []byte) (int, error) {
	if err := w.why(); err != nil {
		return 0, err
	}
	return w.Writer.Write(data)
}

func writeBackup(to *backup.Writer, txn *badger.Txn, files []journal.Image) error {
	if err := to.JSON(backup.HeaderKind, backup.Header{Format: format, Taken: time.Now().UTC()}); err != nil {
		return err
	}
	var c content
	if err := c.writeEntries(to, txn); err != nil {
		return err
	}
	for _, file := range files {
		c.file(file.Span)
		if err := to.File(file.First, file.End, &file); err != nil {
			return err
		}
	}
	if err := to.JSON(backup.ContentKind, c.sum()); err != nil {
		return err
	}
	return to.Close()
}

// writeEntries writes what the database holds at the version of a transaction.
func (c *content) writeEntries(to *backup.Writer, txn *badger.Txn) error {
	it := txn.NewIterator(badger.IteratorOptions{})
	defer it.Close()
	var batch []entryRecord
	size := 0
	flush := func() error {
		frame, err := encoding.Marshal(batch)
		if err != nil {
			return err
		}
		batch, size = batch[:0], 0
		return to.Frame(backup.EntriesKind, frame)
	}
	for it.Rewind(); it.Valid(); it.Next() {
		item := it.Item()
		value, err := item.ValueCopy(nil)
		if err != nil {
			return whichRecord(item.Key(), err)
		}
		e := entryRecord{Key: item.KeyCopy(nil), Value: value, Meta: item.UserMeta(), Expires: item.ExpiresAt()}
		if err := c.entry(&e); err != nil {
			return err
		}
		batch = append(batch, e)
		if size += len(e.Key) + len(value); size >= entriesBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}
