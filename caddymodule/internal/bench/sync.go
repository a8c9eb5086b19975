package main

import (
	"errors"
	"os"
	"time"
)

const (
	syncs     = 200
	syncBytes = 4 * kib
)

// syncTime is the median time to append 4 KiB to a file and sync it, in the
// folder that the stores are in: what any gateway has to wait for.
func (b *bench) syncTime() (_ time.Duration, err error) {
	f, err := os.CreateTemp(b.folder, "sync")
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	block := make([]byte, syncBytes)
	took := make([]time.Duration, syncs)
	for i := range took {
		begun := time.Now()
		if _, err := f.Write(block); err != nil {
			return 0, err
		}
		if err := fdatasync(f); err != nil {
			return 0, err
		}
		took[i] = time.Since(begun)
	}
	return median(took), nil
}
