package badgerstore

import (
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"
)

// filter tells in memory that a dedupe key was never seen, as is true of nearly
// all, so that nothing need be looked up for it. It is a Bloom filter whose
// bits of one key share a cache line; Badger's own, one for each table and none
// for a memtable, cost a tenth of what a new event does.
type filter struct {
	current atomic.Pointer[bloom]

	mu       sync.Mutex // held to add, and to exchange
	building *bloom     // nil unless one is being built
	wanted   bool       // one is being built, or about to be
}

// mayHave is true for every key that was added, and for most others false.
func (f *filter) mayHave(key dedupeHash) bool {
	b := f.current.Load()
	return b == nil || b.mayHave(key)
}

// add must come after the key can be found in the ledger. It tells once that the
// filter is full and must be built anew.
func (f *filter) add(keys ...dedupeHash) (full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	current := f.current.Load()
	for _, key := range keys {
		if current != nil {
			current.add(key)
		}
		if f.building != nil {
			f.building.add(key)
		}
	}
	if f.wanted || current == nil || current.added.Load() <= current.room {
		return false
	}
	f.wanted = true
	return true
}

// begin makes room for a new filter, to which all is added from now on.
func (f *filter) begin(room int64) *bloom {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.building, f.wanted = newBloom(room), true
	return f.building
}

// end puts the new filter into the place of the old one, if it is whole.
func (f *filter) end(whole bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if whole {
		f.current.Store(f.building)
	}
	f.building, f.wanted = nil, false
}

// buildFilter reads all dedupe keys. Those that come meanwhile are added by
// whoever brings them; those that came before stand in the ledger or on disk.
func (s *Store) buildFilter() {
	b := s.filter.begin(s.dedupeKeys())
	_, arrived := s.ledger.snapshot()
	for _, a := range arrived {
		s.filter.add(a.key)
	}
	whole := true
	err := s.versions.view(func(txn *badger.Txn) error { // after the ledger
		for key := range keys(txn, []byte{dedupeKind}) {
			if whole = !s.closing.Load(); !whole {
				break
			}
			b.add(dedupeHash(key[1:]))
		}
		return nil
	})
	s.filter.end(whole && err == nil)
}

// dedupeKeys is about how many there are, and room for as many again.
func (s *Store) dedupeKeys() (n int64) {
	for _, t := range s.db.Tables() {
		if t.Left[0] <= dedupeKind && t.Right[0] >= dedupeKind {
			n += int64(t.KeyCount)
		}
	}
	return 2*n + leastRoom
}

const (
	leastRoom  = 1 << 17 // a filter of 192 KB
	bitsPerKey = 12      // then one key of 150 is looked up for nothing
	bitsOfKey  = 6
)

// bloom is a filter of a fixed size.
type bloom struct {
	lines []cacheLine
	room  int64
	added atomic.Int64
}

type cacheLine [8]atomic.Uint64

func newBloom(room int64) *bloom {
	return &bloom{lines: make([]cacheLine, room*bitsPerKey/512+1), room: room}
}

func (b *bloom) add(key dedupeHash) {
	line, bits := b.place(key)
	for range bitsOfKey {
		line[bits>>6&7].Or(1 << (bits & 63))
		bits >>= 9
	}
	b.added.Add(1)
}

func (b *bloom) mayHave(key dedupeHash) bool {
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
func (b *bloom) place(key dedupeHash) (*cacheLine, uint64) {
	return &b.lines[binary.BigEndian.Uint64(key[:])%uint64(len(b.lines))], binary.BigEndian.Uint64(key[8:])
}
