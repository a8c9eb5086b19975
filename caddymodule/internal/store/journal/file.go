package journal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	extension  = ".journal"
	magic      = "lodge\x00\x01\n"      // the first bytes of a file
	sealMagic  = "lodge\x00\x01."       // its last ones, when it is done
	headBytes  = len(magic) + 8 + 8     // then the first record's number, and the size the file is made with
	sealBytes  = 4 + 4 + len(sealMagic) // the number of records, and a checksum of the table
	frameBytes = 4 + 4 + 8 + 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// file is one file of the journal.
type file struct {
	path  string
	first uint64
	// sealed: nothing is written to it any more, and the places of its records
	// stand at its end, behind size bytes.
	sealed  bool
	records uint64 // of a sealed file
	size    int64

	handle *os.File // while it is written
	places []uint32 // until it is sealed: where each record begins; 0 is one that is lost
}

func (f *file) count() uint64 {
	if f.sealed {
		return f.records
	}
	return uint64(len(f.places))
}

func (f *file) end() uint64 { return f.first + f.count() }

// place is where a record of a file that isn't sealed begins and ends.
func (f *file) place(number uint64) (from, to int64) {
	i := int(number - f.first)
	from, to = int64(f.places[i]), f.size
	for _, next := range f.places[i+1:] {
		if next != 0 {
			return from, int64(next)
		}
	}
	return from, to
}

// read reads a record between two places, which it looks up if they are 0.
func (f *file) read(number uint64, from, to int64) ([]byte, error) {
	h, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if to == 0 {
		if from, to, err = f.sealedPlace(h, number); err != nil {
			return nil, err
		}
	}
	if from < int64(headBytes) || to-from < int64(frameBytes) {
		return nil, fmt.Errorf("record %d: %w", number, ErrDamaged)
	}
	frame := make([]byte, to-from)
	if _, err := h.ReadAt(frame, from); err != nil {
		return nil, fmt.Errorf("record %d: %w: %w", number, ErrDamaged, err)
	}
	found, _, data, ok := parseFrame(frame)
	if !ok || found != number {
		return nil, fmt.Errorf("record %d: %w", number, ErrDamaged)
	}
	return data, nil
}

// sealedPlace looks a record up in the table at the end of a file.
func (f *file) sealedPlace(h io.ReaderAt, number uint64) (from, to int64, err error) {
	var two [8]byte
	i := number - f.first
	n := 8
	if i+1 == f.records {
		n = 4
	}
	if _, err := h.ReadAt(two[:n], f.size+4*int64(i)); err != nil {
		return 0, 0, fmt.Errorf("record %d: %w: %w", number, ErrDamaged, err)
	}
	from, to = int64(binary.BigEndian.Uint32(two[:])), int64(binary.BigEndian.Uint32(two[4:]))
	if to <= from || to > f.size { // the last one, or one before a lost one
		to = f.size
	}
	return from, to, nil
}

// A frame is a record's length, a CRC-32C of all that follows it, its number,
// its place in the batch that one sync wrote, and the record.

func appendFrame(b []byte, number uint64, place uint32, record []byte) []byte {
	at := len(b)
	b = binary.BigEndian.AppendUint32(b, uint32(len(record)))
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint64(b, number)
	b = binary.BigEndian.AppendUint32(b, place)
	b = append(b, record...)
	binary.BigEndian.PutUint32(b[at+4:], crc32.Checksum(b[at+8:], castagnoli))
	return b
}

// parseFrame reads the frame that b begins with.
func parseFrame(b []byte) (number uint64, place uint32, record []byte, ok bool) {
	if len(b) < frameBytes {
		return 0, 0, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if n > uint64(len(b)-frameBytes) {
		return 0, 0, nil, false
	}
	number, place = binary.BigEndian.Uint64(b[8:]), binary.BigEndian.Uint32(b[16:])
	if number == 0 {
		return 0, 0, nil, false
	}
	end := frameBytes + int(n)
	if crc32.Checksum(b[8:end], castagnoli) != binary.BigEndian.Uint32(b[4:]) {
		return 0, 0, nil, false
	}
	return number, place, b[frameBytes:end:end], true
}

func pathOf(folder string, first uint64) string {
	return filepath.Join(folder, fmt.Sprintf("%020d%s", first, extension))
}

func numberOf(path string) (uint64, error) {
	first, err := strconv.ParseUint(strings.TrimSuffix(filepath.Base(path), extension), 10, 64)
	if err != nil || first == 0 {
		return 0, fmt.Errorf("%s is no file of ours; move it away", path)
	}
	return first, nil
}
