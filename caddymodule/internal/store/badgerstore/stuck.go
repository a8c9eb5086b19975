package badgerstore

import (
	"errors"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// What is stuck stands in an index of its own, in the order of arrival, so that
// few are found among a million. It is exact. The index by age, finished.go,
// isn't: what was retried, rerouted or discarded leaves its entries there, and
// purging finds them stale.

// stick puts a stuck event or delivery into the index.
func (st *step) stick(c class, seq uint64, backend string) {
	st.set(badger.NewEntry(stuckKey(c, seq, backend), nil))
}

func (st *step) unstick(c class, seq uint64, backend string) { st.delete(stuckKey(c, seq, backend)) }

// isStale tells whether an event no longer is what the index by age says of it.
// It sees what the step wrote. An event that was delivered stays so.
func (st *step) isStale(c class, g goner) (bool, error) {
	if c == classFinished || c == classDiscarded {
		return false, nil
	}
	o, err := readOutcome(st.txn, g.Seq)
	var w whole
	if err == nil && c == classDead {
		w, err = st.whole(g.Seq, o)
	}
	switch {
	case errors.Is(err, errDamaged):
		return false, nil
	case err != nil:
		return false, err
	case c == classDead:
		finished := microOf(w.finished)
		stale := w.waiting > 0 || w.dead == 0 || finished != g.Since
		if stale && w.waiting == 0 && w.dead > 0 && finished > g.Since {
			// What finished last need not have been recorded last.
			st.mayGo(classDead, w.finished, g.Seq)
		}
		return stale, nil
	}
	return o.At != g.Since || classOf(o.State) != c, nil
}

func classOf(state event.State) class {
	switch state {
	case event.Unrouted:
		return classUnrouted
	case event.Invalid:
		return classInvalid
	case event.Dead:
		return classDead
	}
	return classFinished
}

// whole is how all deliveries of an event stand.
type whole struct {
	outcome             *outcomeRecord
	deliveries          []*event.Delivery
	waiting, dead, done int
	finished            time.Time // of the last that finished
}

func (st *step) whole(seq uint64, o *outcomeRecord) (w whole, err error) {
	w.outcome = o
	for i := range o.Deliveries {
		d, err := readDelivery(st.txn, seq, o, &o.Deliveries[i])
		if err != nil {
			return w, err
		}
		w.add(d)
	}
	return w, nil
}

func (w *whole) add(d *event.Delivery) {
	w.deliveries = append(w.deliveries, d)
	switch d.State {
	case event.Waiting:
		w.waiting++
	case event.Dead:
		w.dead++
	case event.Delivered:
		w.done++
	}
	if d.Finished.After(w.finished) {
		w.finished = d.Finished
	}
}

// giveUp counts what no backend got of an event that is removed, and takes it
// out of the index. Of what is damaged nothing is known.
func (st *step) giveUp(c class, seq uint64) error {
	switch c {
	case classUnrouted:
		st.tally.events(store.Events{Unrouted: ^uint64(0), Discarded: 1}) // one less, one more
		st.unstick(c, seq, "")
	case classInvalid:
		st.tally.events(store.Events{Invalid: ^uint64(0), Discarded: 1})
		st.unstick(c, seq, "")
	case classDead:
		return st.giveUpDead(seq)
	}
	return nil
}

func (st *step) giveUpDead(seq uint64) error {
	o, err := readOutcome(st.txn, seq)
	if err != nil && !errors.Is(err, errDamaged) {
		return err
	}
	for _, d := range o.Deliveries {
		dead, err := has(st.txn, stuckKey(classDead, seq, d.Backend))
		if err != nil {
			return err
		}
		if dead {
			st.unstick(classDead, seq, d.Backend)
			st.tally.backend(d.Backend, store.Deliveries{Dead: ^uint64(0), Discarded: 1})
		}
	}
	return nil
}
