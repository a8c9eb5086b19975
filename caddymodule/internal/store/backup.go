package store

import (
	"context"
	"io"
)

// Backuper is what a store on a disk may offer beside its contract.
type Backuper interface {
	// Backup writes all that was kept before it was called, as it stood at one
	// moment since then, in the form of package backup. Nothing waits for it.
	Backup(ctx context.Context, w io.Writer) error
}
