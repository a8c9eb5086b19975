package badgerstore

import (
	"sync"

	"github.com/dgraph-io/badger/v4"
)

// versions are our own count of Badger's versions (its managed mode). Readers
// see the newest one that is on disk: Badger's own count would show them what
// a failed sync left in memory, and make them wait for the commit that is
// under way.
type versions struct {
	db *badger.DB

	mu     sync.Mutex
	synced uint64
	// readers counts those of each version, so that compaction spares what
	// they see.
	readers map[uint64]int
}

func newVersions(db *badger.DB) *versions {
	return &versions{db: db, synced: db.MaxVersion(), readers: make(map[uint64]int)}
}

// begin starts a transaction on what is on disk; end finishes it.
func (v *versions) begin(update bool) *badger.Txn {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.readers[v.synced]++
	return v.db.NewTransactionAt(v.synced, update)
}

func (v *versions) end(txn *badger.Txn) {
	txn.Discard()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.readers[txn.ReadTs()]--; v.readers[txn.ReadTs()] == 0 {
		delete(v.readers, txn.ReadTs())
	}
}

// view runs a read.
func (v *versions) view(f func(*badger.Txn) error) error {
	txn := v.begin(false)
	defer v.end(txn)
	return f(txn)
}

// next is the version of the next commit. There is one committer.
func (v *versions) next() uint64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.synced + 1
}

// committed shows readers a commit that is on disk.
func (v *versions) committed(version uint64) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.synced = version
	oldest := version
	for reading := range v.readers {
		oldest = min(oldest, reading)
	}
	v.db.SetDiscardTs(oldest)
}
