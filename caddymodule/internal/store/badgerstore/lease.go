package badgerstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// queue is what memory knows of one backend's queue.
type queue struct {
	cursor
	// leases are guarded by cursor.reading: a reader must not see one end while
	// it looks at an older version of the queue.
	leases map[uint64]*lease

	waiting struct {
		sync.Mutex
		standing
	}
}

// enter and leave follow what stands in the queue, on disk.
func (q *queue) enter(seq uint64) {
	q.waiting.Lock()
	defer q.waiting.Unlock()
	q.waiting.add(seq)
}

func (q *queue) leave(seq uint64) {
	q.waiting.Lock()
	defer q.waiting.Unlock()
	q.waiting.remove(seq)
}

// oldest are the first event of each queue in which any stands.
func (q *queues) oldest() map[string]uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	oldest := make(map[string]uint64)
	for backend, one := range q.m {
		one.waiting.Lock()
		if seq := one.waiting.lowest(); seq != 0 {
			oldest[backend] = seq
		}
		one.waiting.Unlock()
	}
	return oldest
}

// lease is a delivery that is being attempted.
type lease struct {
	due       time.Time // as in the queue's key
	alone     bool      // its event has no other delivery
	recording bool
}

// queues are those of all backends.
type queues struct {
	mu sync.Mutex
	m  map[string]*queue
}

func (q *queues) of(backend string) *queue {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.m == nil {
		q.m = make(map[string]*queue)
	}
	if q.m[backend] == nil {
		q.m[backend] = &queue{leases: make(map[uint64]*lease)}
	}
	return q.m[backend]
}

// Lease implements store.Store. A delivery that is damaged is logged once and
// stays leased, so that it doesn't hold up those behind it.
func (s *Store) Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) (ds []*event.Delivery, next time.Time, err error) {
	if err := s.enter(); err != nil {
		return nil, next, err
	}
	defer s.leave()
	if s.broken.Load() {
		return nil, next, store.ErrBroken
	}
	if err := ctx.Err(); err != nil {
		return nil, next, err
	}
	return s.lease(s.queues.of(backend), backend, picking{now: now, n: n, longest: longest})
}

func (s *Store) lease(q *queue, backend string, p picking) (ds []*event.Delivery, next time.Time, err error) {
	low := q.begin()
	txn := s.versions.begin(false) // after the cursor's begin
	defer s.versions.end(txn)
	p.prefix = namePrefix(queueKind, backend)
	p.pick(txn, q, low)
	q.end(p.first)
	var damage error
	for _, l := range p.leased {
		d, alone, err := readLeased(txn, l, backend)
		switch {
		case err == nil:
			ds = append(ds, d)
			q.markAlone(l.seq, alone)
		case errors.Is(err, errDamaged) || errors.Is(err, store.ErrNotFound):
			damage = fmt.Errorf("delivery of event %d to %s: %w", l.seq, backend, err)
			s.log.Error("a delivery can't be read and stays waiting", "seq", l.seq, "backend", backend, "error", err)
		default:
			for _, l := range p.leased {
				q.release(l.seq)
			}
			return nil, time.Time{}, err
		}
	}
	if len(ds) == 0 && damage != nil {
		return nil, time.Time{}, damage
	}
	return ds, p.next, nil
}

// readLeased reads a delivery, and whether it is the only one of its event.
func readLeased(txn *badger.Txn, l leased, backend string) (d *event.Delivery, alone bool, err error) {
	o, err := readOutcome(txn, l.seq)
	if err != nil {
		return nil, false, err
	}
	i := slices.IndexFunc(o.Deliveries, func(r deliveryRecord) bool { return r.Backend == backend })
	if i < 0 {
		return nil, false, store.ErrNotFound
	}
	alone = len(o.Deliveries) == 1
	if l.fresh {
		return o.Deliveries[i].delivery(l.seq, o.At), alone, nil
	}
	d, err = readDelivery(txn, l.seq, o, &o.Deliveries[i])
	return d, alone, err
}

// picking is one look at a queue.
type picking struct {
	prefix []byte
	now    time.Time
	n      int
	// longest is how long one may wait; 0 is for ever.
	longest time.Duration

	leased []leased
	next   time.Time
	first  []byte // the first key alive
}

// leased is a key of the queue; a fresh one has no progress yet.
type leased struct {
	seq   uint64
	fresh bool
}

// pick leases what is due and finds out what comes next.
func (p *picking) pick(txn *badger.Txn, q *queue, low []byte) {
	it := txn.NewIterator(badger.IteratorOptions{Prefix: p.prefix})
	defer it.Close()
	if p.longest > 0 {
		p.pickFar(it, q)
	}
	p.first = afterPrefix(p.prefix)
	if low == nil {
		low = p.prefix
	}
	for it.Seek(low); it.Valid(); it.Next() {
		key := it.Item().Key()
		if bytes.Compare(key, p.first) < 0 {
			p.first = bytes.Clone(key)
		}
		seq, due := lastSeq(key), timeOf(key)
		if q.leases[seq] != nil {
			continue
		}
		if due.After(p.now) || len(p.leased) >= p.n {
			p.next = due
			break
		}
		p.take(it.Item(), q)
	}
}

// pickFar leases what would wait too long.
func (p *picking) pickFar(it *badger.Iterator, q *queue) {
	beyond := timedKey(bytes.Clone(p.prefix), p.now.Add(p.longest), math.MaxUint64)
	for it.Seek(beyond); it.Valid() && len(p.leased) < p.n; it.Next() {
		if q.leases[lastSeq(it.Item().Key())] == nil {
			p.take(it.Item(), q)
		}
	}
}

func (p *picking) take(item *badger.Item, q *queue) {
	seq, due := lastSeq(item.Key()), timeOf(item.Key())
	q.leases[seq] = &lease{due: due}
	p.leased = append(p.leased, leased{seq, item.UserMeta() != progressed})
}

// Return implements store.Store.
func (s *Store) Return(d *event.Delivery) {
	if s.enter() != nil {
		return
	}
	defer s.leave()
	s.queues.of(d.Backend).release(d.Seq)
}

// release ends a lease, unless it is being recorded.
func (q *queue) release(seq uint64) {
	q.reading.Lock()
	defer q.reading.Unlock()
	if l := q.leases[seq]; l != nil && !l.recording {
		delete(q.leases, seq)
	}
}

func (q *queue) markAlone(seq uint64, alone bool) {
	q.reading.Lock()
	defer q.reading.Unlock()
	if l := q.leases[seq]; l != nil {
		l.alone = alone
	}
}

// startRecording claims a lease for one call of Record.
func (q *queue) startRecording(seq uint64) (l lease, ok bool) {
	q.reading.Lock()
	defer q.reading.Unlock()
	found := q.leases[seq]
	if found == nil || found.recording {
		return l, false
	}
	found.recording = true
	return *found, true
}

// endRecording ends the lease if the attempt was recorded, else keeps it.
func (q *queue) endRecording(seq uint64, recorded bool) {
	q.reading.Lock()
	defer q.reading.Unlock()
	if recorded {
		delete(q.leases, seq)
	} else {
		q.leases[seq].recording = false
	}
}
