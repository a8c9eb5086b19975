package caddymodule

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// backupFile is a file that gets its name when it is whole and on disk.
type backupFile struct {
	*os.File
	path  string
	force bool
}

// createBackup begins a file that only its owner can read.
func createBackup(path string, force bool) (*backupFile, error) {
	b := &backupFile{path: path, force: force}
	if err := b.mayTake(); err != nil {
		return nil, err
	}
	aside := path + ".tmp"
	if force {
		if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	var err error
	b.File, err = os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s is there: another backup is being written, or one was killed; then delete that file, or write --force", aside)
	}
	return b, err
}

// mayTake tells whether the file may have its name.
func (b *backupFile) mayTake() error {
	info, err := os.Lstat(b.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder; write the name of a file", b.path)
	case !b.force:
		return fmt.Errorf("%s is there already; choose another name, or write --force", b.path)
	}
	return nil
}

func (b *backupFile) keep() error {
	if err := errors.Join(b.Sync(), b.Close(), b.mayTake()); err != nil {
		return err
	}
	if err := os.Rename(b.Name(), b.path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(b.path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

func (b *backupFile) drop() error {
	_ = b.Close() // keep may have done so
	if err := os.Remove(b.Name()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
