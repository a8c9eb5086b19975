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
	// Of two at once each has a file of its own.
	file, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.tmp")
	b.File = file
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
