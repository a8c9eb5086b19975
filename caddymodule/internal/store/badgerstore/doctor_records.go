package badgerstore

import (
	"bytes"
	"iter"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// records are what an examination remembers, to hold one against the other.
type records struct {
	spans []journal.Span // of the journal's files

	outcomesIn []uint64        // of each file
	ahead      map[uint64]bool // events with an outcome behind all that were routed in order
	known      map[uint64]bool // files of the journal that the database knows

	queued map[place]waitingAt
	tails  map[string]uint64
	behind []follower

	stuck      map[string]bool // keys of the index
	purgeable  map[purgeEntry]bool
	unfinished map[uint64]unfinishedRecord
	untils     map[uint32]micro // of generations

	counted tally
	damaged map[uint64]bool // events of which nothing more can be said
}

// place is a delivery.
type place struct {
	backend string
	seq     uint64
}

// waitingAt is where a delivery waits.
type waitingAt byte

const (
	inQueue  waitingAt = 1
	behindIt waitingAt = 2
)

// follower waits behind another delivery to the same backend.
type follower struct {
	ahead place
	seq   uint64
}

// purgeEntry is an event in the index of those that may be purged some day, and
// for unrouted and invalid ones since when, for they may be so once more.
type purgeEntry struct {
	class class
	seq   uint64
	since micro
}

func (x *examination) remember() {
	x.outcomesIn = make([]uint64, len(x.spans))
	x.ahead, x.known = make(map[uint64]bool), make(map[uint64]bool)
	x.queued, x.tails = make(map[place]waitingAt), make(map[string]uint64)
	x.stuck, x.purgeable = make(map[string]bool), make(map[purgeEntry]bool)
	x.unfinished, x.untils = make(map[uint64]unfinishedRecord), make(map[uint32]micro)
	x.counted, x.damaged = newTally(), make(map[uint64]bool)
}

// entries goes through what the database holds of a kind: keys, and values that
// are whole. What isn't it notes.
func (x *examination) entries(kind byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		it := x.txn.NewIterator(badger.IteratorOptions{Prefix: []byte{kind}})
		defer it.Close()
		for it.Rewind(); it.Valid(); it.Next() {
			value, err := it.Item().ValueCopy(nil)
			if err != nil {
				x.find("a record is damaged", "%v", whichRecord(it.Item().Key(), err))
				continue
			}
			if !yield(bytes.Clone(it.Item().Key()), value) {
				return
			}
		}
	}
}

// sound tells whether a record could be read, and notes where it couldn't.
func (x *examination) sound(key []byte, err error) bool {
	if err != nil {
		x.find("a record is damaged", "%v", whichRecord(key, err))
	}
	return err == nil
}
