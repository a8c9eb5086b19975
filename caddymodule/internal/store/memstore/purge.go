package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Purge implements store.Store.
func (s *Store) Purge(ctx context.Context, p store.Policy, n int) (purged store.Purged, err error) {
	err = s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return purged, err
	}
	counters := map[event.State]*int{
		event.Routed: &purged.Finished, event.Unrouted: &purged.Unrouted,
		event.Invalid: &purged.Invalid, event.Dead: &purged.Dead,
	}
	for _, ev := range slices.Clone(s.events) {
		fate, since := s.fate(ev)
		age := p.Stuck
		if fate == event.Routed {
			age = p.Finished
		}
		if fate == event.Waiting || !old(p.Now, since, age) {
			continue
		}
		if n--; n < 0 {
			purged.More = true
			return purged, nil
		}
		*counters[fate]++
		s.giveUp(ev, fate)
		s.forget(ev.Seq)
	}
	s.purgeQuarantine(p, n, &purged)
	return purged, nil
}

func old(now, since time.Time, age time.Duration) bool { return age > 0 && now.Sub(since) >= age }

// fate tells what an event has come to and since when: waiting if it or a
// delivery waits or it is gone, dead if a delivery is.
func (s *Store) fate(ev *event.Event) (fate event.State, since time.Time) {
	if ev == nil || s.waiting[ev.Seq] {
		return event.Waiting, since
	}
	fate, since = ev.Outcome.State, ev.Outcome.At
	for _, d := range s.finished {
		if d.Seq == ev.Seq {
			since = d.Finished // of the one recorded last
		}
	}
	for _, d := range s.deliveries {
		switch {
		case d.Seq != ev.Seq:
		case d.State == event.Waiting:
			return event.Waiting, since
		case d.State == event.Dead:
			fate = event.Dead
		}
	}
	return fate, since
}

// giveUp counts what no backend got of an event that goes.
func (s *Store) giveUp(ev *event.Event, fate event.State) {
	e := &s.counts.Events
	switch fate {
	case event.Unrouted:
		e.Unrouted, e.Discarded = e.Unrouted-1, e.Discarded+1
	case event.Invalid:
		e.Invalid, e.Discarded = e.Invalid-1, e.Discarded+1
	case event.Dead:
		for _, d := range s.deliveries {
			if d.Seq == ev.Seq && d.State == event.Dead {
				b := s.counts.Backends[d.Backend]
				b.Dead, b.Discarded = b.Dead-1, b.Discarded+1
				s.counts.Backends[d.Backend] = b
			}
		}
	}
}

func (s *Store) forget(seq uint64) {
	s.events[seq-1] = nil
	ofIt := func(d *event.Delivery) bool { return d.Seq == seq }
	s.deliveries = slices.DeleteFunc(s.deliveries, ofIt)
	s.finished = slices.DeleteFunc(s.finished, ofIt)
}

func (s *Store) purgeQuarantine(p store.Policy, n int, purged *store.Purged) {
	s.quarantined = slices.DeleteFunc(s.quarantined, func(q *event.Quarantined) bool {
		if !old(p.Now, q.Request.Received, p.Quarantine) {
			return false
		}
		if n--; n < 0 {
			purged.More = true
			return false
		}
		purged.Quarantined++
		if s.counts.InQuarantine[q.Source]--; s.counts.InQuarantine[q.Source] == 0 {
			delete(s.counts.InQuarantine, q.Source)
		}
		return true
	})
}

// Counts implements store.Store.
func (s *Store) Counts(ctx context.Context) (store.Counts, error) {
	err := s.enter(ctx)
	defer s.mu.Unlock()
	if err != nil {
		return store.Counts{}, err
	}
	return copyCounts(s.counts), nil
}
