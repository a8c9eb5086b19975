package badgerstore

import (
	"encoding/binary"
	"hash/crc32"
	"math"
)

// Badger's log of a memtable, as of its version 4: a head, then entries. Each is
// its meta and user meta, the lengths of key and value and its expiry as
// varints, key, value, and a CRC-32C of all that. A key ends with the inverse of
// its version. A transaction is some entries of one version and one that ends it.
const (
	logHead       = 20
	logInTxn byte = 1 << 6
	logEndOf byte = 1 << 7
	// logKey and logValue are the longest that the store writes, and more.
	logKey, logValue = 1 << 12, 1 << 21
)

// logEntry is what the log says of an entry, without its value.
type logEntry struct {
	meta    byte
	version uint64
	bytes   int
}

// parseLog reads the entry that data begins with.
func parseLog(data []byte) (e logEntry, ok bool) {
	if len(data) < 2 {
		return e, false
	}
	at := 2
	var sizes [3]uint64 // of key and value, and the expiry
	for i := range sizes {
		v, n := binary.Uvarint(data[at:])
		if n <= 0 {
			return e, false
		}
		sizes[i], at = v, at+n
	}
	if sizes[0] < 8 || sizes[0] > logKey || sizes[1] > logValue {
		return e, false
	}
	endOfKey := at + int(sizes[0])
	end := endOfKey + int(sizes[1])
	if end+crc32.Size > len(data) {
		return e, false
	}
	version := math.MaxUint64 - binary.BigEndian.Uint64(data[endOfKey-8:])
	if version >= 1<<48 || crc32.Checksum(data[:end], castagnoli) != binary.BigEndian.Uint32(data[end:]) {
		return e, false
	}
	return logEntry{data[0], version, end + crc32.Size}, true
}

// logFound is what a log holds.
type logFound struct {
	// end is where the last whole transaction ends. first and last are the
	// versions of those that can be read, 0 where there are none.
	end         int
	first, last uint64
	// lost are whole transactions behind the end. A crash cuts short the last
	// one, of which nobody was told; any other was lost.
	lost uint64
	// ended tells that the end can be read of the one right behind the end.
	ended bool
}

func readLog(data []byte) logFound {
	f := logFound{end: min(logHead, len(data))}
	f.transactions(data)
	for at := f.end; at < len(data); {
		e, ok := logEntry{}, false
		if data[at]&(logInTxn|logEndOf) != 0 {
			e, ok = parseLog(data[at:])
		}
		if !ok {
			at++
			continue
		}
		switch {
		case e.meta&logEndOf == 0:
		case e.version > f.last+1:
			f.lost++
		default:
			f.ended = true
		}
		at += e.bytes
	}
	return f
}

// transactions finds where the last whole one ends.
func (f *logFound) transactions(data []byte) {
	var open uint64 // the version of the one that has begun
	for at := f.end; ; {
		e, ok := parseLog(data[at:])
		switch {
		case !ok:
			return
		case e.meta&logInTxn != 0 && (open == 0 || open == e.version):
			open = e.version
		case e.meta&logEndOf != 0 && open == e.version:
			f.end, f.last, open = at+e.bytes, e.version, 0
			if f.first == 0 {
				f.first = e.version
			}
		default:
			return // the store writes nothing else
		}
		at += e.bytes
	}
}
