package badgerstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// restoring ends the name of the folder beside the store's in which a backup is
// restored. It gets the store's name when all of it is there.
const restoring = ".restoring"

// Restore makes a store from a backup, in a folder that is empty or isn't there.
// Where it fails, it leaves nothing behind.
func Restore(ctx context.Context, from io.Reader, o Options) (backup.Header, backup.Content, error) {
	o = o.withDefaults()
	r, err := restoreStore(ctx, from, o)
	if err != nil {
		return backup.Header{}, backup.Content{}, fmt.Errorf("restore the store at %s: %w", o.Path, err)
	}
	return r.header, r.sum(), nil
}

func restoreStore(ctx context.Context, from io.Reader, o Options) (r *restorer, err error) {
	if err := mustBeEmpty(o.Path); err != nil {
		return nil, err
	}
	aside := filepath.Clean(o.Path) + restoring
	if err := os.MkdirAll(filepath.Dir(aside), 0o700); err != nil {
		return nil, err
	}
	if err := os.Mkdir(aside, 0o700); errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s is there: another restore is running, or one was killed; then delete that folder", aside)
	} else if err != nil {
		return nil, err
	}
	r = &restorer{path: aside, space: space{path: aside, reserve: o.Reserve, free: o.FreeSpace}}
	if err = r.restore(ctx, from, o.Logger); err == nil {
		err = takePlace(aside, o.Path)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(aside))
	}
	return r, nil
}

// mustBeEmpty refuses a folder that holds anything.
func mustBeEmpty(path string) error {
	files, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	if len(files) > 0 {
		err = errors.New("the folder isn't empty; move it away, or choose another")
	}
	return errors.Join(err, unlock())
}

// takePlace gives the folder that was restored its name, once all of it is on disk.
func takePlace(aside, path string) error {
	if err := journal.SyncFolder(aside); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the empty folder can't be replaced (%w); if it is where a disk is mounted, choose a folder below it", err)
	}
	if err := os.Rename(aside, path); err != nil {
		return err
	}
	return journal.SyncFolder(filepath.Dir(path))
}

// restorer restores into a folder that nobody knows of yet.
type restorer struct {
	path   string
	space  space
	header backup.Header
	content
}

func (r *restorer) restore(ctx context.Context, from io.Reader, log *slog.Logger) error {
	reader, err := backup.NewReader(from)
	if err != nil {
		return err
	}
	frames := &frames{Reader: reader, ctx: ctx, space: &r.space}
	if err := r.readHeader(frames); err != nil {
		return err
	}
	db, err := badger.OpenManaged(badgerOptions(r.path, log))
	if err != nil {
		return err
	}
	err = r.readEntries(frames, db)
	err = errors.Join(err, db.Close())
	for err == nil && frames.kind == backup.FileKind {
		err = r.readFile(frames)
	}
	if err != nil {
		return err
	}
	return r.checkContent(frames)
}

func (r *restorer) readHeader(f *frames) error {
	if err := f.next(backup.HeaderKind); err != nil {
		return err
	}
	if err := backup.Unmarshal(f.data, &r.header); err != nil {
		return err
	}
	if r.header.Format != format {
		return otherFormat("the backup is of a store of format", r.header.Format)
	}
	return f.next(backup.EntriesKind)
}

// readEntries writes the database. All of its entries get the first version.
func (r *restorer) readEntries(f *frames, db *badger.DB) error {
	batch := db.NewWriteBatchAt(1)
	defer batch.Cancel()
	for f.kind == backup.EntriesKind {
		var entries []entryRecord
		if err := unmarshal(f.data, &entries); err != nil {
			return err
		}
		for _, e := range entries {
			if err := r.entry(&e); err != nil {
				return err
			}
			entry := badger.NewEntry(e.Key, e.Value).WithMeta(e.Meta)
			entry.ExpiresAt = e.Expires
			if err := batch.SetEntry(entry); err != nil {
				return err
			}
		}
		if err := f.next(backup.EntriesKind, backup.FileKind, backup.ContentKind); err != nil {
			return err
		}
	}
	return batch.Flush()
}

func (r *restorer) readFile(f *frames) error {
	if len(f.data) != 16 {
		return backup.ErrDamaged
	}
	span := journal.Span{First: binary.BigEndian.Uint64(f.data), End: binary.BigEndian.Uint64(f.data[8:])}
	r.file(span)
	if err := f.next(backup.BytesKind); err != nil {
		return err
	}
	return journal.Restore(filepath.Join(r.path, journalFolder), span.First, f)
}

// checkContent holds what was restored against what the backup says it holds.
func (r *restorer) checkContent(f *frames) error {
	var told backup.Content
	if err := backup.Unmarshal(f.data, &told); err != nil {
		return err
	}
	if told != r.sum() {
		return fmt.Errorf("%w: it says that it holds %+v", backup.ErrDamaged, told)
	}
	return f.next()
}
