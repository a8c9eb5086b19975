package badgerstore

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math"
	"strconv"
)

// written is up to where anything stands in a log.
func (f *logFound) written(data []byte) int {
	return f.end + len(bytes.TrimRight(data[f.end:], "\x00"))
}

// damaged tells whether the transaction behind the last whole one, up to where the
// log is written, which has this version, is damaged rather than cut short by a
// crash: its end is there, and so is some of each sector.
func (f *logFound) damaged(data []byte, to int, version uint64) bool {
	return (f.ended || endsAbout(data, to, endOfTxn(version))) && !unwritten(data, f.end, to)
}

// endOfTxn is the entry that ends a transaction (Badger v4's commitAndSend).
func endOfTxn(version uint64) []byte {
	value := strconv.FormatUint(version, 10)
	key := binary.BigEndian.AppendUint64([]byte("!badger!txn"), math.MaxUint64-version)
	e := append([]byte{logEndOf, 0, byte(len(key)), byte(len(value)), 0}, key...)
	e = append(e, value...)
	return binary.BigEndian.AppendUint32(e, crc32.Checksum(e, castagnoli))
}

// endsAbout tells whether these bytes end there, all but one of them right. Those
// that are zero may stand behind.
func endsAbout(data []byte, there int, want []byte) bool {
	for end := there; end < there+crc32.Size && end <= len(data); end++ {
		if end < len(want) {
			continue
		}
		wrong := 0
		for i, b := range data[end-len(want) : end] {
			if b != want[i] {
				wrong++
			}
		}
		if wrong <= 1 {
			return true
		}
	}
	return false
}

// unwritten tells whether there is nothing of a sector: what power failed in may
// have any of its sectors on disk, and leaves the others as the file was made.
func unwritten(data []byte, from, to int) bool {
	const sector = 512
	for from < to {
		next := min(to, (from/sector+1)*sector)
		if len(bytes.Trim(data[from:next], "\x00")) == 0 {
			return true
		}
		from = next
	}
	return false
}
