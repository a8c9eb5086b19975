package badgerstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/backup"
)

// frames goes through a backup that is restored, one frame at a time.
type frames struct {
	*backup.Reader
	ctx   context.Context
	space *space

	kind backup.Kind // of the current frame; 0 at the end
	data []byte
}

// next goes on to the next frame, which must be of one of the kinds; without
// any, to the end.
func (f *frames) next(kinds ...backup.Kind) (err error) {
	f.kind, f.data, err = f.Next()
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		return err
	case err != nil && len(kinds) == 0:
		return nil
	case !slices.Contains(kinds, f.kind):
		return fmt.Errorf("%w: a frame of kind %d doesn't belong where it stands", backup.ErrDamaged, f.kind)
	}
	return errors.Join(f.ctx.Err(), f.space.check(len(f.data)))
}

// Read reads the file of the journal that the current frame begins.
func (f *frames) Read(to []byte) (int, error) {
	for len(f.data) == 0 && f.kind == backup.BytesKind {
		if err := f.next(backup.BytesKind, backup.FileKind, backup.ContentKind); err != nil {
			return 0, err
		}
	}
	if f.kind != backup.BytesKind {
		return 0, io.EOF
	}
	n := copy(to, f.data)
	f.data = f.data[n:]
	return n, nil
}
