package badgerstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/table"
)

// tables reads every table that the database has, and compares its checksums.
func (x *examination) tables() (whole bool, err error) {
	listed, err := listTables(x.path)
	if err != nil {
		x.find("the list of tables is damaged", "%v", err)
		return false, nil
	}
	x.Tables, whole = len(listed), true
	var newest uint64
	for i, id := range listed {
		if err := x.about(fmt.Sprintf("table %d of %d", i+1, x.Tables)); err != nil {
			return false, err
		}
		version, err := verifyTable(x.path, id)
		newest = max(newest, version)
		if err != nil {
			x.find("a table is damaged", "%s: %v", table.IDToFilename(id), err)
			whole = false
		}
	}
	return x.unlisted(listed, newest) && whole, nil
}

// unlisted looks for tables that the list doesn't name any more; the newest step
// in those that it names is given.
func (x *examination) unlisted(listed []uint64, newest uint64) (none bool) {
	_, _, logged, err := findLost(x.path)
	if err == nil {
		err = checkUnlisted(x.path, listed, max(newest, logged))
	}
	if err != nil {
		x.find("the list of tables was cut", "%v", err)
	}
	return err == nil
}

// scratch makes a folder in which Badger can open the database to be read: with
// links to its tables, and copies of the logs that end where a crash left them,
// for Badger would cut them there. The value log, which is empty, stays behind.
func (x *examination) scratch() (folder string, err error) {
	path, err := filepath.Abs(x.path)
	if err != nil {
		return "", err
	}
	files, err := os.ReadDir(path)
	if err != nil {
		return "", err
	}
	if folder, err = os.MkdirTemp("", "webhooks-doctor-"); err != nil {
		return "", err
	}
	for _, file := range files {
		from, to := filepath.Join(path, file.Name()), filepath.Join(folder, file.Name())
		switch {
		case filepath.Ext(from) == ".sst":
			err = os.Symlink(from, to)
		case filepath.Ext(from) == ".mem":
			err = x.copyLog(from, to)
		case file.Name() == badger.ManifestFilename || file.Name() == badger.KeyRegistryFileName:
			err = copyFile(from, to)
		}
		if err != nil {
			return "", errors.Join(err, os.RemoveAll(folder))
		}
	}
	return folder, nil
}

func copyFile(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o600)
}

// copyLog copies the log of a memtable up to its last whole transaction.
func (x *examination) copyLog(from, to string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	found := readLog(data)
	if lost := found.loss(data, x.version); lost > 0 {
		x.findMany(lost, "steps are lost: the log of the database is damaged before its end", "%s", filepath.Base(from))
	}
	if found.last == 0 {
		return nil
	}
	x.version = found.last
	return os.WriteFile(to, data[:found.end], 0o600)
}
