package badgerstore

import (
	"fmt"

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
}

// check tells whether the reserve still stands when n more bytes are written,
// or returns ErrLowSpace.
func (s *space) check(n int) error { return s.atLeast(s.reserve, int64(n)) }

// checkWork asks for half of the reserve. Between that and the whole, nothing
// is accepted, but what is kept is delivered and purged, which makes room. Below
// it, Badger isn't opened and nothing is written to it: somebody else is filling
// the disk, and its maps must find room until the last write is in a table.
func (s *space) checkWork() error { return s.atLeast(s.reserve/2, 0) }

func (s *space) atLeast(floor, more int64) error {
	free, err := s.free(s.path)
	if err != nil {
		return fmt.Errorf("%w: the free space at %s can't be read: %w", store.ErrLowSpace, s.path, err)
	}
	if free-more < floor {
		return fmt.Errorf("%w: %d MiB of %d MiB are free at %s; free some space",
			store.ErrLowSpace, max(free-more, 0)>>20, floor>>20, s.path)
	}
	return nil
}
