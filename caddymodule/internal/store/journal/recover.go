package journal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
)

// openFile opens a file of an earlier process. One that isn't sealed is
// given to mend.
func openFile(path string, mend func(*file, *[]Problem) error) (f *file, problems []Problem, err error) {
	first, err := numberOf(path)
	if err != nil {
		return nil, nil, err
	}
	f = &file{path: path, first: first}
	sealed, err := f.readSeal()
	if err != nil || sealed {
		return f, nil, err
	}
	err = mend(f, &problems)
	return f, problems, err
}

// readSeal tells whether a file is whole, by the table at its end.
func (f *file) readSeal() (sealed bool, err error) {
	h, err := os.Open(f.path)
	if err != nil {
		return false, err
	}
	defer h.Close()
	info, err := h.Stat()
	if err != nil {
		return false, err
	}
	end := info.Size() - int64(sealBytes)
	if end < int64(headBytes) {
		return false, nil
	}
	last := make([]byte, sealBytes)
	if _, err := h.ReadAt(last, end); err != nil {
		return false, err
	}
	f.records = uint64(binary.BigEndian.Uint32(last))
	f.size = end - 4*int64(f.records)
	if string(last[8:]) != sealMagic || f.records == 0 || f.size < int64(headBytes) {
		return false, nil
	}
	table := make([]byte, end-f.size)
	if _, err := h.ReadAt(table, f.size); err != nil {
		return false, err
	}
	f.sealed = crc32.Checksum(table, castagnoli) == binary.BigEndian.Uint32(last[4:])
	return f.sealed, nil
}

// recover finds the records of a file that wasn't sealed, and seals it.
func (f *file) recover(problems *[]Problem) error {
	if err := f.search(problems); err != nil || len(f.places) == 0 {
		return err
	}
	var err error
	if f.handle, err = os.OpenFile(f.path, os.O_RDWR, 0); err != nil {
		return err
	}
	if err := f.writeTable(); err != nil {
		return errors.Join(err, f.handle.Close())
	}
	f.close()
	return f.handle.Close()
}

// search finds the records of a file that wasn't sealed.
func (f *file) search(problems *[]Problem) error {
	data, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	*problems = append(f.scan(data), f.checkHead(data)...)
	return nil
}

// scan finds the records in a file's bytes, and those that are lost.
func (f *file) scan(data []byte) (problems []Problem) {
	f.size = int64(min(headBytes, len(data)))
	for at := int(f.size); ; {
		number, _, record, ok := parseFrame(data[at:])
		if !ok || number != f.end() {
			if at = f.resume(data, at+1); at < 0 {
				break
			}
			number, _, record, _ = parseFrame(data[at:])
			problems = append(problems, f.problem(f.end(), number-1, unreadable))
			f.places = append(f.places, make([]uint32, number-f.end())...)
		}
		f.places = append(f.places, uint32(at))
		at += frameBytes + len(record)
		f.size = int64(at)
	}
	return problems
}

const unreadable = "records can't be read"

func (f *file) problem(first, last uint64, what string) Problem {
	return Problem{File: filepath.Base(f.path), First: first, Last: last, What: what}
}

// checkHead finds out whether a file that wasn't sealed is as long as it was
// made. One without records was made just before a crash, for a record comes
// after the file is on disk.
func (f *file) checkHead(data []byte) []Problem {
	switch size := f.headOf(data); {
	case len(f.places) == 0:
		return nil
	case size < 0:
		return []Problem{f.problem(0, 0, "its first bytes are damaged")}
	case int64(len(data)) < size:
		return []Problem{f.problem(0, 0, "its end is damaged or was cut off")}
	}
	return nil
}

// resume finds the next readable record behind an unreadable one; -1 if there
// is none, or none that anybody was told of: all that a crash can cut short is
// the last batch.
func (f *file) resume(data []byte, from int) int {
	next := -1
	for at := from; at+frameBytes <= len(data); at++ {
		number := binary.BigEndian.Uint64(data[at+8:])
		if number <= f.end() || number-f.first > uint64(len(data)/frameBytes) {
			continue
		}
		number, place, _, ok := parseFrame(data[at:])
		if !ok {
			continue
		}
		if next < 0 {
			next = at
		}
		if number-uint64(place) > f.end() {
			return next
		}
	}
	return -1
}

// headOf returns the size that a file was made with; -1 if its head is damaged.
func (f *file) headOf(data []byte) int64 {
	if !bytes.HasPrefix(data, binary.BigEndian.AppendUint64([]byte(magic), f.first)) || len(data) < headBytes {
		return -1
	}
	return int64(binary.BigEndian.Uint64(data[headBytes-8:]))
}

// Verify reads a file that isn't written any more and finds the records in it
// that are damaged.
func (j *Journal) Verify(first uint64) ([]Problem, error) {
	f, _, _, err := j.find(first)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound // removed in the meantime
	}
	if err != nil {
		return nil, err
	}
	return (&file{path: f.path, first: f.first}).verify(f, data), nil
}

// verify finds the records in a file's bytes, and those that are lost of what
// it is known to hold.
func (f *file) verify(known *file, data []byte) []Problem {
	problems := f.scan(data[:min(known.size, int64(len(data)))])
	if f.count() < known.count() {
		problems = append(problems, f.problem(f.end(), known.end()-1, unreadable))
	}
	return problems
}
