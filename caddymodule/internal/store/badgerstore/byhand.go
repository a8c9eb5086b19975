package badgerstore

import (
	"context"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// progressBytes is about the biggest record of a delivery's progress.
const progressBytes = event.KeptAttempts * 5 << 10

// byHand has a step of an operator written.
func (s *Store) byHand(ctx context.Context, cost int, apply func(*step) error) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	return s.submit(ctx, change{apply: apply}, cost)
}

// Retry implements store.Store.
func (s *Store) Retry(ctx context.Context, seq uint64, backend string, now time.Time) error {
	return s.byHand(ctx, progressBytes, func(st *step) error { return st.retry(seq, backend, now) })
}

func (st *step) retry(seq uint64, backend string, now time.Time) error {
	d, w, err := st.deadDelivery(seq, backend)
	if err != nil {
		return err
	}
	d.State, d.Due, d.Since, d.Finished = event.Waiting, now, now, time.Time{}
	progress, err := encodeProgress(d)
	if err != nil {
		return err
	}
	tails := make(map[string]uint64)
	if err := st.readTail(tails, d); err != nil {
		return err
	}
	st.put(progressKey(seq, backend), progress)
	st.lineUp(d, tails, progressed)
	st.unstick(classDead, seq, backend)
	if len(w.deliveries) > 1 {
		st.putRecord(seqKey(unfinishedKind, seq), unfinishedRecord{Waiting: w.waiting + 1, Dead: w.dead - 1})
	}
	st.tally.backend(backend, store.Deliveries{Dead: ^uint64(0), Waiting: 1, Retrying: min(1, uint64(d.Count))})
	return nil
}

// deadDelivery reads a dead delivery, and how all of its event stand.
func (st *step) deadDelivery(seq uint64, backend string) (*event.Delivery, whole, error) {
	o, err := readOutcome(st.txn, seq)
	if err != nil {
		return nil, whole{}, err
	}
	w, err := st.whole(seq, o)
	if err != nil {
		return nil, w, err
	}
	i := slices.IndexFunc(w.deliveries, func(d *event.Delivery) bool { return d.Backend == backend })
	switch {
	case i < 0:
		return nil, w, store.ErrNotFound
	case w.deliveries[i].State != event.Dead:
		return nil, w, store.ErrState
	}
	return w.deliveries[i], w, nil
}

// Reroute implements store.Store.
func (s *Store) Reroute(ctx context.Context, r store.Routing) error {
	p, err := prepare(&r)
	if err != nil {
		return err
	}
	return s.byHand(ctx, p.cost, func(st *step) error { return st.reroute(p) })
}

func (st *step) reroute(r routing) error {
	o, err := st.stuckOutcome(r.Seq)
	if err != nil {
		return err
	}
	tails := make(map[string]uint64)
	for _, d := range r.Deliveries {
		if err := st.readTail(tails, d); err != nil {
			return err
		}
	}
	st.replaceLarge(outcomeKey(r.Seq), r.outcome, routeInline)
	c := classOf(o.State)
	st.unstick(c, r.Seq, "")
	if c == classUnrouted {
		st.tally.events(store.Events{Unrouted: ^uint64(0)}) // one less
	} else {
		st.tally.events(store.Events{Invalid: ^uint64(0)})
	}
	st.settle(r, tails)
	return nil
}

// stuckOutcome reads the outcome of an unrouted or invalid event.
func (st *step) stuckOutcome(seq uint64) (*outcomeRecord, error) {
	o, err := readOutcome(st.txn, seq)
	switch {
	case err != nil:
		return nil, err
	case o.State == "" && !st.waits(seq), o.State == event.Discarded:
		return nil, store.ErrNotFound
	case o.State != event.Unrouted && o.State != event.Invalid:
		return nil, store.ErrState
	}
	return o, nil
}

// Discard implements store.Store.
func (s *Store) Discard(ctx context.Context, seq uint64, backend string, now time.Time) error {
	return s.byHand(ctx, progressBytes, func(st *step) error {
		if backend != "" {
			return st.discardDelivery(seq, backend, now)
		}
		o, err := st.stuckOutcome(seq)
		if err != nil {
			return err
		}
		return st.remove(o, seq, now)
	})
}

func (st *step) discardDelivery(seq uint64, backend string, now time.Time) error {
	d, w, err := st.deadDelivery(seq, backend)
	if err != nil {
		return err
	}
	if w.waiting+w.done == 0 && w.dead == 1 {
		return st.remove(w.outcome, seq, now)
	}
	d.State, d.Finished = event.Discarded, now
	progress, err := encodeProgress(d)
	if err != nil {
		return err
	}
	st.put(progressKey(seq, backend), progress)
	st.unstick(classDead, seq, backend)
	st.tally.backend(backend, store.Deliveries{Dead: ^uint64(0), Discarded: 1}) // one less, one more
	switch rest := (unfinishedRecord{Waiting: w.waiting, Dead: w.dead - 1}); {
	case rest.Waiting > 0:
		st.putRecord(seqKey(unfinishedKind, seq), rest)
	case rest.Dead > 0:
		st.mayGo(classDead, now, seq)
	default:
		st.mayGo(classFinished, now, seq)
	}
	return nil
}

// remove takes an event away at once. What stays of it until it is purged is an
// outcome that nobody is shown: without any, it would be routed again after a
// crash. Its request goes with the file of the journal in which it stands.
func (st *step) remove(o *outcomeRecord, seq uint64, now time.Time) error {
	gone, err := encode(outcomeRecord{State: event.Discarded, At: microOf(now)})
	if err != nil {
		return err
	}
	c := classOf(o.State)
	if c == classFinished { // its last delivery was dead
		c = classDead
	}
	if err := st.giveUp(c, seq); err != nil {
		return err
	}
	for _, d := range o.Deliveries {
		st.delete(progressKey(seq, d.Backend))
	}
	st.replaceLarge(outcomeKey(seq), gone, routeInline)
	st.mayGo(classDiscarded, now, seq)
	st.then(func() { st.store.recent.forget(seq) })
	return nil
}
