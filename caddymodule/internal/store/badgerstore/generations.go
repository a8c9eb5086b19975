package badgerstore

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/badger/v4"
)

// generation is a quarter of a million events that arrived one after the other,
// with their dedupe keys. They stand together, because hashes in one range for
// all would have Badger merge what it wrote of late with all that is there; and
// they are deleted together, when the last of them no longer counts.
type generation struct {
	number uint32
	seen   bloom
	// whole: the filter has all keys; until then any may be there.
	whole atomic.Bool
	until atomic.Int64 // micro: none of its keys counts from then on

	// Of whoever makes a step: until as it is on disk, and up to where keys were
	// deleted.
	told   micro
	purged []byte
}

// toldAhead spares writing until with each event.
const toldAhead = micro(time.Hour / time.Microsecond)

// add is for whoever keeps, one at a time.
func (g *generation) add(key dedupeHash, expires time.Time) {
	g.seen.add(key)
	if until := expires.UnixMicro(); until > g.until.Load() {
		g.until.Store(until)
	}
}

// mayHave tells whether a key may be there that still counts.
func (g *generation) mayHave(key dedupeHash, now time.Time) bool {
	return g.counts(now) && (!g.whole.Load() || g.seen.mayHave(key))
}

func (g *generation) counts(now time.Time) bool { return now.UnixMicro() < g.until.Load() }

// extend tells the disk how long the keys of a generation count.
func (st *step) extend(g *generation) {
	if until := micro(g.until.Load()); until > g.told {
		g.told = until + toldAhead
		st.put(generationKey(g.number), sealSeq(uint64(g.told)))
	}
}

// generations are those of which any dedupe key counts.
type generations struct {
	mu  sync.Mutex // held to exchange
	all atomic.Pointer[[]*generation]
}

func (g *generations) newestFirst() []*generation {
	if all := g.all.Load(); all != nil {
		return *all
	}
	return nil
}

// untell has the next step tell the disk again what one told it that was given up.
func (g *generations) untell() {
	for _, one := range g.newestFirst() {
		one.told, one.purged = 0, nil
	}
}

// of is the generation of an event. One that isn't known, which only who keeps the
// first event of it meets, has no keys on disk.
func (g *generations) of(seq uint64) *generation {
	number := generationOf(seq)
	for _, one := range g.newestFirst() {
		if one.number == number {
			return one
		}
	}
	one := newGeneration(number, 0)
	one.whole.Store(true)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(append(slices.Clone(g.newestFirst()), one))
	return one
}

func newGeneration(number uint32, until micro) *generation {
	g := &generation{number: number, seen: newBloom(1 << generationBits), told: until}
	g.until.Store(int64(until))
	return g
}

func (g *generations) set(all []*generation) {
	slices.SortFunc(all, func(a, b *generation) int { return int(b.number) - int(a.number) })
	g.all.Store(&all)
}

func (g *generations) drop(one *generation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(slices.DeleteFunc(slices.Clone(g.newestFirst()), func(other *generation) bool { return other == one }))
}

// load learns which generations there are. Their keys are for fillFilters.
func (g *generations) load(txn *badger.Txn) error {
	var all []*generation
	for key := range keys(txn, []byte{generationKind}) {
		until, err := listedSeq(txn, key)
		if err != nil {
			return err
		}
		all = append(all, newGeneration(binary.BigEndian.Uint32(key[1:]), micro(until)))
	}
	g.set(all)
	return nil
}

// fillFilters reads all dedupe keys, the newest first, which are asked for most.
// Those that come meanwhile are added by whoever brings them.
func (s *Store) fillFilters() {
	for _, g := range s.generations.newestFirst() {
		if g.whole.Load() {
			continue
		}
		_ = s.versions.view(func(txn *badger.Txn) error {
			for key := range keys(txn, generationPrefix(g.number, dedupePart)) {
				if s.closing.Load() {
					return nil
				}
				g.seen.add(dedupeHash(key[partAt+1:]))
			}
			g.whole.Store(true)
			return nil
		})
	}
}

// dedupeKeys deletes the keys of generations that no longer count. The one of the
// newest event before the step may get more of them.
func (w *purging) dedupeKeys() {
	newest := generationOf(w.st.base.Seq)
	for _, g := range slices.Backward(w.store.generations.newestFirst()) {
		if g.counts(w.policy.Now) || g.number >= newest {
			continue
		}
		prefix := generationPrefix(g.number, dedupePart)
		if g.purged == nil {
			g.purged = prefix
		}
		for key := range keysFrom(w.txn, prefix, g.purged) {
			if w.full() {
				return
			}
			g.purged = bytes.Clone(key)
			w.delete([][]byte{g.purged})
		}
		w.st.delete(generationKey(g.number))
		w.st.then(func() { w.store.generations.drop(g) })
	}
}
