package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// pause takes the CPU from a process until resume.
func (p *process) pause() error  { return p.cmd.Process.Signal(syscall.SIGSTOP) }
func (p *process) resume() error { return p.cmd.Process.Signal(syscall.SIGCONT) }

// fdatasync waits until what was written to a file is on disk.
func fdatasync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }

// diskBytes is what a folder takes on the disk. Holes take nothing.
func diskBytes(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return unlessGone(err)
		}
		info, err := entry.Info()
		if err != nil {
			return unlessGone(err)
		}
		const block = 512 // whatever the filesystem's own (stat(2))
		total += info.Sys().(*syscall.Stat_t).Blocks * block
		return nil
	})
	return total, err
}

// unlessGone forgives that a store deletes files while they are looked at.
func unlessGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
