package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/journal"
)

// unindexed is how many arrivals stand in the journal alone, at most two
// batches of them. As routing makes a step for each few of them, it is only
// reached when routing lags.
const unindexed = 4 * batchOperations

// arrival is an event that was kept. It is on disk as soon as it stands in the
// journal; the next step, whoever makes it, writes its dedupe key and counts it
// in the database. Until then memory knows both, and opening reads them from
// the journal.
type arrival struct {
	seq    uint64
	source string
	id     string
	key    dedupeHash
	body   uint32 // its sum
	// window is how long the key counts from received on; 0 remembers nothing.
	window   time.Duration
	received time.Time
	// replay: an operator repeats an event. from is the place of the request
	// that it was in the quarantine; nil if it wasn't.
	replay bool
	from   *store.Place

	ev     *event.Event
	record []byte
}

// buffers are for records while they are written: those of arrivals until they
// stand in the journal.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func release(b *bytes.Buffer) {
	const kept = 64 << 10 // a larger one is not worth its memory
	if b.Cap() <= kept {
		b.Reset()
		buffers.Put(b)
	}
}

func (a *arrival) expires() time.Time { return a.received.Add(a.window) }

func (a *arrival) dedupe() *dedupeRecord {
	return &dedupeRecord{ID: a.id, Expires: microOf(a.expires()), Body: a.body}
}

// arrive appends a batch to the journal: one sync, and its events are kept.
func (s *Store) arrive(batch []*operation[*arrival]) int {
	begun := time.Now()
	records, size := make([][]byte, len(batch)), 0
	for i, op := range batch {
		records[i] = op.what.record
		size += len(op.what.record)
	}
	first, err := s.append(records, size)
	if err != nil {
		fail(batch, err)
		return 0
	}
	arrived := make([]*arrival, len(batch))
	for i, op := range batch {
		a := op.what
		a.seq, a.ev.Seq = first+uint64(i), first+uint64(i)
		s.recent.add(a.ev)
		a.ev, a.record = nil, nil
		arrived[i] = a
	}
	s.remember(arrived)
	s.unrouted.add(first + uint64(len(batch)) - 1)
	s.committed(len(batch), begun)
	return len(batch)
}

// remember makes known in memory what stands in the journal, in its order. Once the
// ledger has it, a step may index it and another purge its generation, which must
// know by then how long its keys count.
func (s *Store) remember(arrived []*arrival) {
	for _, a := range arrived {
		if a.window > 0 {
			s.generations.of(a.seq).add(a.key, a.expires())
		}
	}
	s.ledger.arrive(arrived)
}

func (s *Store) append(records [][]byte, size int) (first uint64, err error) {
	if s.broken.Load() {
		return 0, store.ErrBroken
	}
	if err := s.space.check(size); err != nil {
		return 0, err
	}
	if s.ledger.arrivals() >= unindexed {
		// A change of nothing is a step all the same.
		if err := s.submit(context.Background(), change{apply: func(*step) error { return nil }}, 0); err != nil {
			return 0, err
		}
	}
	first, err = s.journal.Append(records)
	if errors.Is(err, journal.ErrFailed) {
		s.fail(err)
		return 0, store.ErrBroken
	}
	return first, err
}

// index makes an arrival known to the database.
func (st *step) index(a *arrival) {
	if a.window > 0 {
		g := st.store.generations.of(a.seq)
		st.putRecord(dedupeKey(g.number, a.key), a.dedupe())
		st.extend(g)
	}
	st.indexed++
	st.hold(a.seq)
	st.keys++ // for the counts change
	st.tally.Seq++
	st.tally.source(a.source, a.counts())
	st.tally.events(store.Events{Waiting: 1})
	if a.from != nil {
		st.release(a)
	}
}

// counts are what it adds to those of its source.
func (a *arrival) counts() (n store.Requests) {
	if a.replay {
		n.Replayed = 1
	} else {
		n.New = 1
	}
	if a.from != nil {
		n.Quarantined, n.Released = ^uint64(0), 1 // one less, one more
	}
	return n
}
