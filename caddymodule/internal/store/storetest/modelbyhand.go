package storetest

import (
	"fmt"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// one picks an event that may be there.
func (m *model) one() uint64 { return 1 + uint64(m.rand.IntN(60)) }

func (m *model) replay() any {
	ev := m.event(m.now)
	ev.ReplayOf = "first"
	return m.both(func(s store.Store) (any, error) {
		mine := *ev
		k, err := s.Keep(ctx, &mine, store.Dedupe{})
		return []any{"replay", k, mine.Seq}, err
	})
}

// first finds the newest event in a state, if there is one.
func (m *model) first(state event.State) uint64 {
	if seqs := found(m.bench, m.oracle, store.Query{State: state, Look: 1000}); len(seqs) > 0 && m.rand.IntN(4) > 0 {
		return seqs[m.rand.IntN(len(seqs))]
	}
	return m.one()
}

func (m *model) retry() any {
	seq, backend := m.first(event.Dead), m.pick("crm", "billing", "mail")
	return m.both(func(s store.Store) (any, error) {
		return fmt.Sprintf("retry %d to %s", seq, backend), s.Retry(ctx, seq, backend, m.now)
	})
}

func (m *model) reroute() any {
	ev := &event.Event{Seq: m.first([]event.State{event.Unrouted, event.Invalid}[m.rand.IntN(2)])}
	r := routing(ev, m.now, m.pick("", "a"), "crm", "mail")
	if m.rand.IntN(3) == 0 {
		r = routing(ev, m.now, "")
		r.Outcome.State = []event.State{event.Routed, event.Unrouted, event.Invalid}[m.rand.IntN(3)]
	}
	return m.both(func(s store.Store) (any, error) { return fmt.Sprint("reroute ", ev.Seq), s.Reroute(ctx, r) })
}

func (m *model) discard() any {
	backend := m.pick("", "crm", "billing", "mail")
	state := event.Dead
	if backend == "" {
		state = event.Unrouted
	}
	seq := m.first(state)
	return m.both(func(s store.Store) (any, error) {
		return fmt.Sprintf("discard %d %s", seq, backend), s.Discard(ctx, seq, backend, m.now)
	})
}

func (m *model) release() any {
	var all []*event.Quarantined
	m.both(func(s store.Store) (any, error) {
		var err error
		all, err = s.Quarantined(ctx, "knolyx", store.Place{}, 10)
		return all, err
	})
	if len(all) == 0 {
		return "release nothing"
	}
	q := all[m.rand.IntN(len(all))]
	if m.rand.IntN(3) == 0 {
		return m.both(func(s store.Store) (any, error) { return "discard quarantined", s.DiscardQuarantined(ctx, q) })
	}
	ev := m.released(q, m.now)
	d := store.Dedupe{Key: fmt.Sprint(m.rand.IntN(20)), Window: 10 * time.Minute}
	return m.both(func(s store.Store) (any, error) {
		mine := *ev
		k, err := s.Release(ctx, q, &mine, d)
		return []any{"release", k, mine.Seq}, err
	})
}

func (m *model) find() any {
	q := store.Query{
		State:   event.State(m.pick("", "waiting", "dead", "unrouted", "invalid")),
		Backend: m.pick("", "", "crm", "mail"), Look: 1 + m.rand.IntN(50),
	}
	return m.both(func(s store.Store) (any, error) { return found(m.bench, s, q), nil })
}
