//go:build linux || darwin || freebsd

package badgerstore

import "syscall"

// freeSpace is how many bytes an ordinary user may still write at path.
func freeSpace(path string) (int64, error) {
	var fs syscall.Statfs_t
	if err := syscall.Statfs(path, &fs); err != nil {
		return 0, err
	}
	return int64(fs.Bavail) * int64(fs.Bsize), nil //nolint:unconvert // their types differ between systems
}
