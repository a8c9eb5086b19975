package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"github.com/porterslodge/porterslodge/caddymodule/internal/failpoint"
)

// MaxBatch is how many bytes of records one Append takes at most.
const MaxBatch = math.MaxInt32

// Append writes records with one sync, and returns the number of the first;
// the others follow it. An error means that none may be taken for kept: after
// ErrFailed for good, else it may be tried again. One caller at a time.
func (j *Journal) Append(records [][]byte) (first uint64, err error) {
	if j.failed != nil {
		return 0, j.failed
	}
	first = j.next // only this changes it
	b := j.buffer[:0]
	starts := make([]int, len(records))
	for i, record := range records {
		starts[i] = len(b)
		b = appendFrame(b, first+uint64(i), uint32(i), record)
	}
	if j.buffer = b; cap(b) > keptBuffer {
		j.buffer = nil
	}
	if len(b) > MaxBatch {
		return 0, fmt.Errorf("journal: %d bytes at once are too many", len(b))
	}
	if err := j.makeRoom(int64(len(b))); err != nil {
		return 0, err
	}
	return first, j.write(b, starts)
}

// keptBuffer is the biggest buffer that is used again.
const keptBuffer = 1 << 20

// write writes frames behind the end of the file and shows them to readers.
func (j *Journal) write(frames []byte, starts []int) error {
	f := j.writing
	if _, err := f.handle.WriteAt(frames, f.size); err != nil {
		// What was written of it must never be taken for a record.
		return errors.Join(fmt.Errorf("journal: %w", err), j.seal())
	}
	failpoint.Pass(failpoint.Written)
	if err := j.sync(f.handle); err != nil {
		j.failed = fmt.Errorf("%w: %w", ErrFailed, err)
		return j.failed
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, start := range starts {
		f.places = append(f.places, uint32(f.size+int64(start)))
	}
	f.size += int64(len(frames))
	j.next += uint64(len(starts))
	return nil
}

// makeRoom begins a new file where n bytes don't fit into the one that is
// written to.
func (j *Journal) makeRoom(n int64) error {
	if j.writing != nil && j.writing.size+n <= j.size {
		return nil
	}
	if j.writing != nil && j.writing.count() > 0 {
		if err := j.seal(); err != nil {
			return err
		}
	}
	f, err := createFile(pathOf(j.folder, j.next), j.next, max(j.size, int64(headBytes)+n))
	if errors.Is(err, ErrFailed) {
		j.failed = err
		return err
	}
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.writing = f
	j.files = append(j.files, f)
	return nil
}

// createFile makes a file of its full size, itself and its name on disk.
func createFile(path string, first uint64, size int64) (f *file, err error) {
	folder, err := os.Open(filepath.Dir(path)) // first: that it can't be opened is no failed sync
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	h, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close(), os.Remove(path))
		}
	}()
	if err := allocate(h, size); err != nil {
		return nil, err
	}
	head := binary.BigEndian.AppendUint64([]byte(magic), first)
	if _, err := h.Write(binary.BigEndian.AppendUint64(head, uint64(size))); err != nil {
		return nil, err
	}
	if err := errors.Join(h.Sync(), folder.Sync()); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFailed, err)
	}
	return &file{path: path, first: first, size: int64(headBytes), handle: h}, nil
}

// seal ends the file that is written to. One that holds nothing is removed.
func (j *Journal) seal() error {
	f := j.writing
	j.writing = nil
	if f.count() == 0 {
		j.mu.Lock()
		defer j.mu.Unlock()
		j.files = j.files[:len(j.files)-1]
		return errors.Join(f.handle.Close(), os.Remove(f.path))
	}
	if err := f.writeTable(); err != nil {
		j.failed = fmt.Errorf("%w: %w", ErrFailed, err)
		return errors.Join(j.failed, f.handle.Close())
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	f.close()
	return f.handle.Close()
}

// writeTable writes where the records begin behind the last one, and cuts off
// what follows. The table is on disk before the file looks shorter than it was
// made, for that tells a file that was cut.
func (f *file) writeTable() error {
	table := tableOf(f.places)
	if _, err := f.handle.WriteAt(table, f.size); err != nil {
		return err
	}
	if err := f.handle.Sync(); err != nil {
		return err
	}
	return f.handle.Truncate(f.size + int64(len(table)))
}

// tableOf is what stands behind the records of a file that is done.
func tableOf(places []uint32) []byte {
	table := make([]byte, 0, 4*len(places)+sealBytes)
	for _, place := range places {
		table = binary.BigEndian.AppendUint32(table, place)
	}
	sum := crc32.Checksum(table, castagnoli)
	table = binary.BigEndian.AppendUint32(table, uint32(len(places)))
	table = binary.BigEndian.AppendUint32(table, sum)
	return append(table, sealMagic...)
}

// close makes a file one that is only read.
func (f *file) close() { f.sealed, f.records, f.places = true, f.count(), nil }
