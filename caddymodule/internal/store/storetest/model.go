package storetest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
)

// likeTheSimplest does the same random steps on the store and on a memstore,
// restarts included, and compares every answer. After each step the counts
// must add up.
func likeTheSimplest(b *bench) {
	seed := rand.Uint64()
	b.Logf("seed %d", seed)
	m := &model{bench: b, oracle: memstore.New(), rand: rand.New(rand.NewPCG(seed, 0)), now: start}
	steps := []func() any{
		m.keep, m.keep, m.keep, m.route, m.route, m.attempt, m.attempt, m.attempt,
		m.quarantine, m.note, m.purge, m.restart,
		m.replay, m.retry, m.reroute, m.discard, m.release, m.find, m.find,
	}
	for n := range 400 {
		m.now = m.now.Add(time.Duration(m.rand.IntN(40)) * time.Second)
		step := m.rand.IntN(len(steps))
		what := steps[step]()
		m.addUp()
		if m.Failed() {
			m.Fatalf("after step %d: %v", n, what)
		}
	}
}

type model struct {
	*bench
	oracle *memstore.Store
	rand   *rand.Rand
	now    time.Time
}

// both does a step on both stores and compares what they say.
func (m *model) both(do func(store.Store) (any, error)) any {
	m.Helper()
	want, wantErr := do(m.oracle)
	got, err := do(m.Store)
	if !reflect.DeepEqual(got, want) || (err == nil) != (wantErr == nil) {
		m.Errorf("got  %s, %v\nwant %s, %v", show(got), err, show(want), wantErr)
	}
	return got
}

func show(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (m *model) pick(from ...string) string { return from[m.rand.IntN(len(from))] }

func (m *model) keep() any {
	ev := m.event(m.now)
	ev.Source = m.pick("knolyx", "synap")
	d := store.Dedupe{Key: fmt.Sprint(m.rand.IntN(20)), Window: time.Duration(m.rand.IntN(30)) * time.Minute}
	return m.both(func(s store.Store) (any, error) {
		mine := *ev
		k, err := s.Keep(ctx, &mine, d)
		return []any{"keep", k, mine.Seq}, err
	})
}

// route routes some of the waiting events, not always the oldest first.
func (m *model) route() any {
	after, n := uint64(m.rand.IntN(3)), 1+m.rand.IntN(4)
	var waiting []*event.Event
	m.both(func(s store.Store) (any, error) {
		var err error
		waiting, err = s.Waiting(ctx, after, n)
		return waiting, err
	})
	var all []store.Routing
	for _, ev := range waiting {
		backends := [][]string{nil, {"crm"}, {"billing", "crm"}, {"crm", "mail", "billing"}}[m.rand.IntN(4)]
		r := routing(ev, m.now, m.pick("", "", "a", "b"), backends...)
		if backends == nil {
			r.Outcome.State = []event.State{event.Routed, event.Unrouted, event.Invalid}[m.rand.IntN(3)]
		}
		all = append(all, r)
	}
	m.rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return m.both(func(s store.Store) (any, error) { return "route", s.Route(ctx, all) })
}

// attempt leases deliveries and ends each lease in one of the possible ways.
func (m *model) attempt() any {
	backend, n := m.pick("crm", "billing", "mail"), m.rand.IntN(4)
	longest, at := time.Duration(m.rand.IntN(3))*time.Minute, m.now
	if m.rand.IntN(4) == 0 { // the clock is wrong
		at = at.Add(time.Duration(m.rand.IntN(40)-20) * time.Minute)
	}
	var ds []*event.Delivery
	m.both(func(s store.Store) (any, error) {
		var next time.Time
		var err error
		ds, next, err = s.Lease(ctx, backend, at, n, longest)
		return []any{ds, next}, err
	})
	for _, d := range ds {
		switch way := m.rand.IntN(5); way {
		case 0:
			m.oracle.Return(d)
			m.Return(d)
			continue
		case 1, 2:
			d.Due = m.now.Add(time.Duration(m.rand.IntN(300)-60) * time.Second)
		case 3:
			d.State, d.Finished = event.Dead, m.now
		default:
			d.State, d.Finished = event.Delivered, m.now
		}
		d.Add(event.Attempt{At: m.now, Status: 500, Answer: []byte("x")})
		m.both(func(s store.Store) (any, error) { return "record", s.Record(ctx, d) })
		m.both(func(s store.Store) (any, error) { return s.Deliveries(ctx, d.Seq) })
	}
	return fmt.Sprintf("attempt %d of %s", len(ds), backend)
}

func (m *model) quarantine() any {
	q := m.quarantined(m.now)
	return m.both(func(s store.Store) (any, error) { return "quarantine", s.Quarantine(ctx, q, 5) })
}

func (m *model) note() any {
	m.oracle.Note("synap", store.Requests{Refused: 1})
	m.Note("synap", store.Requests{Refused: 1})
	return "note"
}

func (m *model) purge() any {
	p := store.Policy{Now: m.now, Finished: 2 * time.Minute, Stuck: 10 * time.Minute, Quarantine: 10 * time.Minute}
	return m.both(func(s store.Store) (any, error) {
		got, err := s.Purge(ctx, p, 1000)
		return []any{"purge", got}, err
	})
}

func (m *model) restart() any {
	m.bench.restart()
	m.must(m.oracle.Close())
	m.oracle = m.oracle.Reopen()
	return "restart"
}

// addUp checks that both stores count the same, and the equations of the
// contract that don't follow from one number alone.
func (m *model) addUp() {
	m.Helper()
	c := m.counts()
	m.both(func(s store.Store) (any, error) { return s.Counts(ctx) })
	kept := uint64(0)
	for _, r := range c.Sources {
		kept += r.New + r.Replayed
	}
	if e := c.Events; kept != e.Waiting+e.Routed+e.Unrouted+e.Invalid+e.Discarded {
		m.Errorf("%d were new, but events are %+v", kept, e)
	}
	waiting, err := m.Waiting(ctx, 0, 1000)
	m.must(err)
	if uint64(len(waiting)) != c.Events.Waiting {
		m.Errorf("%d events wait, %d are counted", len(waiting), c.Events.Waiting)
	}
}
