package badgerstore

import (
	"context"
	"fmt"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Record implements store.Store. For a delivery that isn't leased it returns
// ErrNotFound; after any other error the delivery stays leased.
func (s *Store) Record(ctx context.Context, d *event.Delivery) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if !event.Waiting.DeliveryMayBecome(d.State) {
		return fmt.Errorf("delivery of event %d to %s: a waiting one can't become %q", d.Seq, d.Backend, d.State)
	}
	value, err := encodeProgress(d)
	if err != nil {
		return err
	}
	q := s.queues.of(d.Backend)
	lease, ok := q.startRecording(d.Seq)
	if !ok {
		return fmt.Errorf("delivery of event %d to %s: no lease: %w", d.Seq, d.Backend, store.ErrNotFound)
	}
	err = s.submit(ctx, change{apply: func(st *step) error {
		if d.State == event.Waiting {
			st.recordRetry(d, lease.due, value)
			return nil
		}
		return st.recordEnd(d, lease, value)
	}}, len(value)+6*keyCost)
	q.endRecording(d.Seq, err == nil)
	return err
}

func (st *step) recordRetry(d *event.Delivery, due time.Time, progress []byte) {
	st.delete(queueKey(d.Backend, due, d.Seq))
	st.put(progressKey(d.Seq, d.Backend), progress)
	st.queue(d.Backend, d.Due, d.Seq, progressed)
	if d.Count == 1 {
		st.tally.backend(d.Backend, store.Deliveries{Retrying: 1})
	}
}

// recordEnd takes a delivery out of the queue and calls up the next in line.
func (st *step) recordEnd(d *event.Delivery, l lease, progress []byte) error {
	next, err := st.readSuccessor(d)
	if err != nil {
		return err
	}
	rest := unfinishedRecord{Waiting: 1}
	if !l.alone {
		if rest, err = st.readUnfinished(d.Seq); err != nil {
			return err
		}
	}
	st.delete(queueKey(d.Backend, l.due, d.Seq))
	st.then(func() { st.store.queues.of(d.Backend).leave(d.Seq) })
	st.put(progressKey(d.Seq, d.Backend), progress)
	st.callUp(d, next)
	change := store.Deliveries{Waiting: ^uint64(0)} // one less
	rest.Waiting--
	if d.Count > 1 {
		change.Retrying = ^uint64(0)
	}
	if d.State == event.Dead {
		change.Dead = 1
		rest.Dead++
		st.stick(classDead, d.Seq, d.Backend)
	} else {
		change.Delivered = 1
	}
	st.tally.backend(d.Backend, change)
	st.recordRest(d, rest, l.alone)
	return nil
}

// readUnfinished counts the deliveries of an event that has several.
func (st *step) readUnfinished(seq uint64) (rest unfinishedRecord, err error) {
	key := seqKey(unfinishedKind, seq)
	value, err := get(st.txn, key)
	if err != nil {
		return rest, err
	}
	if value == nil {
		return rest, whichRecord(key, fmt.Errorf("%w: it is missing", errDamaged))
	}
	return rest, whichRecordIf(key, decode(value, &rest))
}

// recordRest notes how many deliveries of the event are unfinished, or that it
// may go some day.
func (st *step) recordRest(d *event.Delivery, rest unfinishedRecord, alone bool) {
	key := seqKey(unfinishedKind, d.Seq)
	if rest.Waiting > 0 {
		st.putRecord(key, rest)
		return
	}
	if !alone {
		st.delete(key)
	}
	if rest.Dead > 0 {
		st.mayGo(classDead, d.Finished, d.Seq)
	} else {
		st.mayGo(classFinished, d.Finished, d.Seq)
	}
}
