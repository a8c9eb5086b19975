package badgerstore

import (
	"encoding/binary"
	"sync/atomic"
)

const (
	bitsPerKey = 20 // then one key of 3,000 is looked up for nothing, in each generation
	bitsOfKey  = 7
)

// bloom tells in memory that a dedupe key was never seen, as is true of nearly
// all, so that nothing need be looked up for it. It is a Bloom filter of a fixed
// size whose bits of one key share a cache line; Badger's own, one for each table
// and none for a memtable, cost a tenth of what a new event does.
type bloom []cacheLine

type cacheLine [8]atomic.Uint64

// newBloom has room for so many keys.
func newBloom(keys int) bloom { return make(bloom, keys*bitsPerKey/512+1) }

func (b bloom) add(key dedupeHash) {
	line, bits := b.place(key)
	for range bitsOfKey {
		line[bits>>6&7].Or(1 << (bits & 63))
		bits >>= 9
	}
}

// mayHave is true for every key that was added, and for most others false.
func (b bloom) mayHave(key dedupeHash) bool {
	line, bits := b.place(key)
	for range bitsOfKey {
		if line[bits>>6&7].Load()&(1<<(bits&63)) == 0 {
			return false
		}
		bits >>= 9
	}
	return true
}

// place takes a key for the random bits that it is.
func (b bloom) place(key dedupeHash) (*cacheLine, uint64) {
	return &b[binary.BigEndian.Uint64(key[:])%uint64(len(b))], binary.BigEndian.Uint64(key[8:])
}
