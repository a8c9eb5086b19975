package gateway

import (
	"context"
	"errors"
	"io"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// ErrNoBackup tells that the store isn't one that can be backed up.
var ErrNoBackup = errors.New("this store can't be backed up: it isn't kept on a disk")

// Backup writes a backup of the store, which goes on working. Closing the
// engine ends it with an error.
func (e *Engine) Backup(ctx context.Context, w io.Writer) error {
	s, ok := e.store.(store.Backuper)
	if !ok {
		return ErrNoBackup
	}
	return s.Backup(ctx, w)
}
