//go:build linux || darwin || freebsd

package badgerstore

import (
	"errors"
	"os"
	"syscall"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// lock keeps everybody else from opening the store in a folder, by Badger's own
// lock, until unlock is called. It is ErrLocked where somebody holds it.
func lock(folder string) (unlock func() error, err error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = store.ErrLocked
		}
		return nil, errors.Join(err, f.Close())
	}
	return f.Close, nil // which gives the lock back
}
