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
	due, ok := q.startRecording(d.Seq)
	if !ok {
		return fmt.Errorf("delivery of event %d to %s: no lease: %w", d.Seq, d.Backend, store.ErrNotFound)
	}
	err = s.submit(ctx, len(value)+6*keyCost, func(st *step) error {
		if d.State == event.Waiting {
			st.recordRetry(d, due, value)
			return nil
		}
		return st.recordEnd(d, due, value)
	})
	q.endRecording(d.Seq, err == nil)
	return err
}

func (st *step) recordRetry(d *event.Delivery, due time.Time, progress []byte) {
	st.delete(queueKey(d.Backend, due, d.Seq))
	st.put(deliveryKey(progressKind, d.Seq, d.Backend), progress)
	st.queue(d.Backend, d.Due, d.Seq)
}

// recordEnd takes a delivery out of the queue and calls up the next in line.
func (st *step) recordEnd(d *event.Delivery, due time.Time, progress []byte) error {
	next, err := st.readSuccessor(d)
	if err != nil {
		return err
	}
	rest, err := st.readUnfinished(d.Seq)
	if err != nil {
		return err
	}
	st.delete(queueKey(d.Backend, due, d.Seq))
	st.put(deliveryKey(progressKind, d.Seq, d.Backend), progress)
	st.callUp(d, next)
	change := store.Deliveries{Waiting: ^uint64(0)} // one less
	rest.Waiting--
	if d.State == event.Dead {
		change.Dead = 1
		rest.Dead++
	} else {
		change.Delivered = 1
	}
	st.tally.backend(d.Backend, change)
	st.recordRest(d, rest)
	return nil
}

// readUnfinished counts an event's deliveries; a single one has no record.
func (st *step) readUnfinished(seq uint64) (rest unfinishedRecord, err error) {
	key := seqKey(unfinishedKind, seq)
	value, err := get(st.txn, key)
	if err != nil {
		return rest, err
	}
	if value == nil {
		return unfinishedRecord{Waiting: 1}, nil
	}
	return rest, whichRecordIf(key, decode(value, &rest))
}

// recordRest notes how many deliveries of the event are unfinished, or that it
// may go some day.
func (st *step) recordRest(d *event.Delivery, rest unfinishedRecord) {
	key := seqKey(unfinishedKind, d.Seq)
	if rest.Waiting > 0 {
		st.putRecord(key, rest)
		return
	}
	st.delete(key)
	if rest.Dead > 0 {
		st.mayGo(classDead, d.Finished, d.Seq)
	} else {
		st.mayGo(classFinished, d.Finished, d.Seq)
	}
}
