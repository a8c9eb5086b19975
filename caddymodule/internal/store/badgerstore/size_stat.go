//go:build linux || darwin || freebsd

package badgerstore

import (
	"io/fs"
	"syscall"
)

// taken is what a file takes on its disk: some are made larger than what they hold.
func taken(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * 512
	}
	return info.Size()
}
