package badgerstore

import (
	"fmt"
	"sync/atomic"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// defaultReserve holds Badger's memtables and logs twice over, and a compaction.
const defaultReserve = 256 << 20

// space keeps a reserve of the disk free. A full disk would kill the process:
// Badger writes to mapped files, where the failure is a SIGBUS.
type space struct {
	path    string
	reserve int64
	free    func(path string) (int64, error)
	// pending are bytes that were admitted and aren't written yet.
	pending atomic.Int64
}

// admit reserves room for n bytes until release, or returns ErrLowSpace.
func (s *space) admit(n int) error {
	pending := s.pending.Add(int64(n))
	if err := s.check(pending); err != nil {
		s.release(n)
		return err
	}
	return nil
}

func (s *space) release(n int) { s.pending.Add(-int64(n)) }

func (s *space) check(pending int64) error {
	free, err := s.free(s.path)
	if err != nil {
		return fmt.Errorf("%w: the free space at %s can't be read: %w", store.ErrLowSpace, s.path, err)
	}
	if free-pending < s.reserve {
		return fmt.Errorf("%w: %d MiB of %d MiB are free at %s; free some space",
			store.ErrLowSpace, max(free-pending, 0)>>20, s.reserve>>20, s.path)
	}
	return nil
}
