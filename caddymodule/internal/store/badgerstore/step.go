package badgerstore

import (
	"errors"
	"fmt"

	"github.com/dgraph-io/badger/v4"
	"github.com/dgraph-io/badger/v4/skl"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// step is one synced transaction, shared by the operations of a batch. What
// it changes in memory waits in tally and after until it is on disk.
type step struct {
	store *Store
	txn   *badger.Txn
	base  tally // before the step
	tally tally // what the step adds
	after []func()
	keys  int
	// weight is what its transaction holds and room what it may, in bytes.
	weight, room int64
	behind       bool // arrivals are left for the next step
	closed       bool // it takes no change more, which would not see all of it
	// routed are the events that the step routes, goners those that may be
	// purged some day from it on.
	routed  map[uint64]bool
	goners  [classes]goners
	indexed int // arrivals that the step makes known
	files   map[uint64]*fileRecord
	span    journal.Span // of the arrival that was indexed last
	purges  bool
	err     error // the first write that failed; the step fails with it
}

// get returns a copy of a value, or nil where there is none. It sees what the
// step wrote.
func get(txn *badger.Txn, key []byte) ([]byte, error) {
	item, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, whichRecord(key, err)
	}
	value, err := item.ValueCopy(nil)
	if err != nil {
		return nil, whichRecord(key, err)
	}
	if len(value) == 0 {
		return nil, whichRecord(key, fmt.Errorf("%w: it is empty", errDamaged))
	}
	return value, nil
}

// getSeq returns a number; found is false where there is none.
func getSeq(txn *badger.Txn, key []byte) (seq uint64, found bool, err error) {
	value, err := get(txn, key)
	if err != nil || value == nil {
		return 0, false, err
	}
	seq, err = unsealSeq(value)
	return seq, err == nil, whichRecordIf(key, err)
}

// listedSeq returns a number whose key was just listed: one that isn't there then
// is damaged.
func listedSeq(txn *badger.Txn, key []byte) (uint64, error) {
	seq, found, err := getSeq(txn, key)
	if err == nil && !found {
		err = whichRecord(key, fmt.Errorf("%w: it is listed, and not there", errDamaged))
	}
	return seq, err
}

func has(txn *badger.Txn, key []byte) (bool, error) {
	_, err := txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return false, nil
	}
	if err != nil {
		return false, whichRecord(key, err)
	}
	return true, nil
}

func (st *step) put(key, value []byte) { st.set(badger.NewEntry(key, value)) }

// putRecord writes a small record.
func (st *step) putRecord(key []byte, record any) {
	value, err := encode(record)
	if err != nil && st.err == nil {
		st.err = err
	}
	st.put(key, value)
}

func (st *step) set(e *badger.Entry) {
	st.weigh(len(e.Key) + len(e.Value))
	if st.err == nil {
		st.err = st.txn.SetEntry(e)
	}
}

func (st *step) delete(key []byte) {
	st.weigh(len(key))
	if st.err == nil {
		st.err = st.txn.Delete(key)
	}
}

// weigh counts a key with its value by the larger of what Badger takes it for and
// the node that it may need: so both of its limits are kept by one.
func (st *step) weigh(n int) {
	const beside = 12
	st.keys++
	st.weight += int64(max(n+beside, skl.MaxNodeSize))
}

func (st *step) deleteAll(doomed [][]byte) {
	for _, key := range doomed {
		st.delete(key)
	}
}

// then runs f after the step is on disk.
func (st *step) then(f func()) { st.after = append(st.after, f) }
