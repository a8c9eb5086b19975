package badgerstore

import (
	"iter"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// outcomes goes through the events that were routed, and their deliveries.
func (x *examination) outcomes() error {
	next, stop := iter.Pull2(x.entries(progressKind))
	defer stop()
	p := &progresses{next: next}
	p.advance()
	for key, value := range x.entries(eventKind) {
		if !isOutcome(key) {
			x.dedupeKey(key, value)
			continue
		}
		seq := seqOf(key)
		if seq%10000 == 0 {
			if err := x.about("deliveries"); err != nil {
				return err
			}
		}
		x.orphansBefore(p, seq)
		x.place(seq)
		o, err := readOutcome(x.txn, seq)
		if !x.sound(key, err) {
			for p.of(seq) {
				p.advance()
			}
			x.damaged[seq] = true
			continue
		}
		x.outcome(seq, o, p)
	}
	x.orphansBefore(p, 0)
	return nil
}

// progresses are the attempts of all deliveries, in the order of events.
type progresses struct {
	next       func() (key, value []byte, ok bool)
	key, value []byte
	ok         bool
}

func (p *progresses) advance()           { p.key, p.value, p.ok = p.next() }
func (p *progresses) of(seq uint64) bool { return p.ok && seqOf(p.key) == seq }

// orphansBefore notes attempts of events without an outcome; 0 is behind all.
func (x *examination) orphansBefore(p *progresses, seq uint64) {
	for ; p.ok && (seq == 0 || seqOf(p.key) < seq); p.advance() {
		x.find("the attempts of a delivery that isn't there", deliveryPlace, seqOf(p.key), p.key[9:])
	}
}

// place notes in which file of the journal an event with an outcome stands.
func (x *examination) place(seq uint64) {
	if i := x.fileOf(seq); i >= 0 {
		x.outcomesIn[i]++
	} else {
		x.find("the outcome of an event that isn't in the journal", "event %d", seq)
	}
	if seq > x.tally.RoutedTo {
		x.ahead[seq] = true
	}
}

// outcome holds an event against all that is known of it elsewhere.
func (x *examination) outcome(seq uint64, o *outcomeRecord, p *progresses) {
	attempts := make(map[string][]byte)
	for ; p.of(seq); p.advance() {
		backend := string(p.key[9:])
		if !slices.ContainsFunc(o.Deliveries, func(r deliveryRecord) bool { return r.Backend == backend }) {
			x.find("the attempts of a delivery that isn't there", deliveryPlace, seq, backend)
		}
		attempts[backend] = p.value
	}
	var w whole
	for i := range o.Deliveries {
		r := &o.Deliveries[i]
		d := r.delivery(seq, o.At)
		if value := attempts[r.Backend]; value != nil && !x.sound(progressKey(seq, r.Backend), decodeProgress(d, value)) {
			x.damaged[seq] = true
			return
		}
		w.add(d)
		x.delivery(d)
	}
	x.whole(seq, o, &w)
}

// delivery looks for one where its state says that it must be.
func (x *examination) delivery(d *event.Delivery) {
	n := x.counted.Backends[d.Backend]
	defer func() { x.counted.Backends[d.Backend] = n }()
	switch d.State {
	case event.Waiting:
		x.Deliveries++
		x.waiting(d)
		if d.Count > 0 {
			n.Retrying++
		}
	case event.Dead:
		x.Dead++
		n.Dead++
		x.isStuck(classDead, d.Seq, d.Backend)
	case event.Delivered:
		n.Delivered++
	case event.Discarded:
		n.Discarded++
	}
}

func (x *examination) waiting(d *event.Delivery) {
	p := place{d.Backend, d.Seq}
	if x.queued[p] == 0 {
		x.find("a waiting delivery stands in no queue", deliveryPlace, d.Seq, d.Backend)
	}
	delete(x.queued, p)
	if d.OrderKey == "" {
		return
	}
	if _, ok := x.tails[string(tailKey(d.Backend, d.OrderKey))]; !ok {
		x.find("a line has no end", deliveryPlace, d.Seq, d.Backend)
	}
}

func (x *examination) isStuck(c class, seq uint64, backend string) {
	key := string(stuckKey(c, seq, backend))
	if !x.stuck[key] {
		x.find("the index of stuck events lacks one", "event %d", seq)
	}
	delete(x.stuck, key)
}

func stuckSeq(key string) uint64 { return seqOf([]byte(key[1:])) }

// whole looks at an event with all its deliveries.
func (x *examination) whole(seq uint64, o *outcomeRecord, w *whole) {
	c := classOf(o.State)
	e := &x.counted.Events
	switch o.State {
	case event.Routed:
		e.Routed++
		if w.dead > 0 {
			c = classDead
		}
	case event.Unrouted:
		e.Unrouted++
		x.isStuck(c, seq, "")
	case event.Invalid:
		e.Invalid++
		x.isStuck(c, seq, "")
	case event.Discarded:
		c = classDiscarded
	}
	if o.State != event.Discarded {
		x.Events++
	}
	x.isUnfinished(seq, w)
	if w.waiting > 0 {
		return
	}
	entry := purgeEntry{class: c, seq: seq}
	if c == classUnrouted || c == classInvalid {
		entry.since = o.At
	}
	if !x.purgeable[entry] {
		x.find("an event is never purged", "event %d", seq)
	}
	delete(x.purgeable, entry)
}

func (x *examination) isUnfinished(seq uint64, w *whole) {
	r, ok := x.unfinished[seq]
	delete(x.unfinished, seq)
	should := len(w.deliveries) > 1 && w.waiting > 0
	if ok != should || ok && r != (unfinishedRecord{Waiting: w.waiting, Dead: w.dead}) {
		x.find("the progress of an event is wrong", "event %d", seq)
	}
}
