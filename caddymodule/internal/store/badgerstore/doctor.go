package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// Examine reads all of a store that nobody has open, and finds what is wrong
// with it. It changes nothing, after a crash neither: opening would mend what a
// crash explains. An error means that it could not be examined; ErrLocked, that
// somebody has it open. It tells what it is about to read.
func Examine(ctx context.Context, path string, log *slog.Logger, about func(string)) (*Report, error) {
	x := &examination{path: path, log: log, about: func(what string) error {
		about(what)
		return ctx.Err()
	}}
	x.Findings = []*Finding{}
	if err := x.run(); err != nil {
		return nil, fmt.Errorf("examine the store at %s: %w", path, err)
	}
	return &x.Report, nil
}

// examination is one look at a store.
type examination struct {
	Report
	path  string
	log   *slog.Logger
	about func(string) error

	version uint64 // the newest in the logs that were looked at
	txn     *badger.Txn
	journal *journal.Journal
	tally   tally // as it is written
	records
}

func (x *examination) run() error {
	unlock, err := lock(x.path)
	if err != nil {
		return err
	}
	err = x.all()
	return errors.Join(err, unlock())
}

func (x *examination) all() error {
	if err := checkLost(x.path); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(x.path, badger.ManifestFilename)); errors.Is(err, fs.ErrNotExist) {
		return errors.New("there is no store in that folder")
	}
	if err := x.openJournal(); err != nil {
		return err
	}
	whole, err := x.tables()
	if err != nil {
		return err
	}
	if !whole {
		// Badger can't be trusted to read on from a damaged table.
		x.find("the database was not examined, for its tables are damaged; restore a backup", "")
		return x.readJournal()
	}
	scratch, err := x.scratch()
	if err != nil {
		return err
	}
	err = x.inScratch(scratch)
	return errors.Join(err, os.RemoveAll(scratch))
}

// inScratch examines the database through a copy of what opening would change.
func (x *examination) inScratch(folder string) error {
	o := badgerOptions(folder, x.log)
	o.ReadOnly = true
	db, err := badger.OpenManaged(o)
	if err != nil {
		return err
	}
	x.txn = db.NewTransactionAt(db.MaxVersion(), false)
	err = x.database()
	x.txn.Discard()
	return errors.Join(err, db.Close())
}

func (x *examination) database() error {
	x.remember()
	ours, err := x.counts()
	if err != nil || !ours {
		return err
	}
	for _, look := range []struct {
		about string
		do    func() error
	}{
		{"events", x.readJournal},
		{"queues", x.queues},
		{"indexes", x.indexes},
		{"deliveries", x.outcomes},
		{"pieces of large records", x.chunks},
		{"dedupe keys and the quarantine", x.rest},
	} {
		if err := x.about(look.about); err != nil {
			return err
		}
		if err := look.do(); err != nil {
			return err
		}
	}
	x.orphans()
	x.files()
	x.compare()
	return nil
}

// counts reads the format and the counts. It is false where nothing more can be
// said.
func (x *examination) counts() (ours bool, err error) {
	x.tally = newTally()
	found, there, err := getSeq(x.txn, formatKey)
	switch {
	case err != nil:
		return false, err
	case !there:
		return false, errors.New("the database isn't a store of Porterslodge")
	case found != format:
		return false, otherFormat("the store has format", found)
	}
	value, err := get(x.txn, tallyKey)
	if err == nil && value != nil {
		err = decode(value, &x.tally)
	}
	if err != nil {
		x.find("the counts of the store can't be read", "")
		return false, nil
	}
	return true, nil
}
