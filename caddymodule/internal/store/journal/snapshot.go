package journal

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// Image is a file of the journal as it stood at one moment, done and sealed.
type Image struct {
	Span
	path string
	size int64
	// table is what is to stand behind size bytes; nil where the file has it.
	table []byte
}

// Snapshot returns images of what the journal holds now, oldest first. They can
// be read as long as no file is removed.
func (j *Journal) Snapshot() (all []Image) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, f := range j.files {
		image := Image{Span: Span{f.first, f.end()}, path: f.path, size: f.size}
		if !f.sealed {
			image.table = tableOf(f.places)
		}
		if f.count() > 0 {
			all = append(all, image)
		}
	}
	return all
}

// WriteTo writes the image's bytes.
func (i *Image) WriteTo(w io.Writer) (n int64, err error) {
	f, err := os.Open(i.path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	var from io.Reader = f
	if i.table != nil {
		from = io.MultiReader(io.LimitReader(f, i.size), bytes.NewReader(i.table))
	}
	return io.Copy(w, from)
}

// Restore writes an image's bytes into the folder of a journal that isn't open.
func Restore(folder string, first uint64, image io.Reader) (err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(pathOf(folder, first), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, image)
	return errors.Join(err, f.Sync(), f.Close(), SyncFolder(folder))
}
