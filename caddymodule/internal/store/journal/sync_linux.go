package journal

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// syncData leaves the file's times alone, which would be one write more.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// allocate gives a file its room on disk. Where that isn't possible, writes
// fail when the disk is full.
func allocate(f *os.File, size int64) error {
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) {
		return f.Truncate(size)
	}
	return err
}
