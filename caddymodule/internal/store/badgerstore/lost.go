package badgerstore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
)

// errLost tells of a folder in which events stand without the database that
// knows what became of them. A new database there would deliver all of them
// again, and Badger would delete the tables that are left.
var errLost = errors.New("there are events in its journal, but the database beside it is lost: put its files back, or restore a backup into another folder")

// checkLost refuses a folder in which the list of the database's tables is
// missing, though there was one.
func checkLost(path string) error {
	_, err := os.Stat(filepath.Join(path, badger.ManifestFilename))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	lost, err := hasJournal(path)
	if err == nil && lost {
		err = errLost
	}
	return err
}

// hasJournal tells whether a store's folder has files of a journal. The first
// is made after the database is one of ours.
func hasJournal(path string) (bool, error) {
	files, err := os.ReadDir(filepath.Join(path, journalFolder))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return len(files) > 0, err
}
