//go:build linux || darwin || freebsd

package badgerstore

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
)

// removeEmptyLogs deletes the empty log of a memtable that a kill may leave:
// Badger had made the file and not yet given it its size, and would refuse to
// open. It does so under Badger's own lock, for whoever holds that may just be
// making such a file.
func removeEmptyLogs(folder string) (err error) {
	f, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }() // which gives the lock back
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return nil // somebody holds the store; opening it will say so
	}
	files, err := os.ReadDir(folder)
	for _, file := range files {
		if info, statErr := file.Info(); statErr == nil && info.Size() == 0 && filepath.Ext(file.Name()) == ".mem" {
			err = errors.Join(err, os.Remove(filepath.Join(folder, file.Name())))
		}
	}
	return err
}
