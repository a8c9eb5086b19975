//go:build !(linux || darwin || freebsd)

package badgerstore

import "errors"

// freeSpace is unknown here, and without it a full disk would kill the process.
func freeSpace(string) (int64, error) { return 0, errors.ErrUnsupported }
