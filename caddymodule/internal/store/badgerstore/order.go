package badgerstore

import (
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// The deliveries of one backend with one order_by value form a line. Only its
// head is in the backend's queue. A record for each of the others stands under
// the one before it, and one record names the line's tail. So no step ever
// searches for a place.

// readTail learns where the line of a delivery ends, before route writes.
func (st *step) readTail(tails map[string]uint64, d *event.Delivery) error {
	if d.OrderKey == "" {
		return nil
	}
	key := tailKey(d.Backend, d.OrderKey)
	if _, known := tails[string(key)]; known {
		return nil
	}
	tail, found, err := getSeq(st.txn, key)
	if found {
		tails[string(key)] = tail
	}
	return err
}

// lineUp puts a new delivery into the queue, or behind the tail of its line.
func (st *step) lineUp(d *event.Delivery, tails map[string]uint64, mark byte) {
	if d.OrderKey == "" {
		st.queue(d.Backend, d.Due, d.Seq, mark)
		return
	}
	key := tailKey(d.Backend, d.OrderKey)
	tail, ok := tails[string(key)]
	tails[string(key)] = d.Seq
	st.put(key, sealSeq(d.Seq))
	if ok {
		st.put(behindKey(d.Backend, d.OrderKey, tail), sealSeq(d.Seq))
		return
	}
	st.queue(d.Backend, d.Due, d.Seq, mark)
}

// The mark of a queue's key: whether its delivery has a record of progress.
const (
	fresh      byte = 0
	progressed byte = 1
)

// queue makes a delivery ready to be leased when it is due.
func (st *step) queue(backend string, due time.Time, seq uint64, mark byte) {
	key := queueKey(backend, due, seq)
	st.set(badger.NewEntry(key, nil).WithMeta(mark))
	q := st.store.queues.of(backend)
	st.then(func() {
		q.put(key)
		q.enter(seq)
	})
}

// successor is who comes next in a line when its head has finished.
type successor struct {
	behind []byte // the record that names it; nil if there is no line
	seq    uint64 // 0 if nobody waits
	// progress is of its attempts, where it has some and was retried by hand.
	progress progressRecord
}

func (st *step) readSuccessor(d *event.Delivery) (next successor, err error) {
	if d.OrderKey == "" {
		return next, nil
	}
	next.behind = behindKey(d.Backend, d.OrderKey, d.Seq)
	found := false
	if next.seq, found, err = getSeq(st.txn, next.behind); err != nil || !found {
		return next, err
	}
	key := progressKey(next.seq, d.Backend)
	value, err := get(st.txn, key)
	if err != nil || value == nil {
		return next, err
	}
	return next, whichRecordIf(key, decode(value, &next.progress))
}

// callUp lets the successor of a finished delivery into the queue, due at once.
// Its time for retries begins now: it could do nothing while it stood in line.
func (st *step) callUp(d *event.Delivery, next successor) {
	switch {
	case next.behind == nil:
	case next.seq == 0:
		st.delete(tailKey(d.Backend, d.OrderKey))
	default:
		now := microOf(d.Finished)
		st.delete(next.behind)
		p := next.progress
		p.State, p.Due, p.Since, p.Finished = event.Waiting, now, &now, microOf(time.Time{})
		st.putRecord(progressKey(next.seq, d.Backend), p)
		st.queue(d.Backend, d.Finished, next.seq, progressed)
	}
}
