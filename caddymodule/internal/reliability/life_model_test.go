package reliability

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

var placeZero store.Place

// model is what must be true of a life. Where chance decides (when a retry comes,
// the moment of a purge) it allows both and then goes on from what it saw.
type model struct {
	events   map[uint64]*modelEvent // that were not purged, by seq
	newest   uint64
	keys     map[string]time.Time // when a dedupe key was seen; of a replay, under the seq
	taken    map[string]map[string]int
	requests store.Requests
	counted  store.Events
	sums     map[string]store.Deliveries
	prison   []modelRequest
	paused   map[string]bool
	wide     bool // the rules take what is else unrouted
	purgings int
}

type modelEvent struct {
	seq        uint64
	id         string
	replay     bool
	state      event.State
	at         time.Time // when it was routed, at the latest
	deliveries map[string]*modelDelivery
}

type modelDelivery struct {
	state event.State
	since time.Time // retrying began
	ended time.Time // seen to be finished
}

type modelRequest struct {
	id string
	at time.Time
}

func newModel() *model {
	return &model{
		events: make(map[uint64]*modelEvent), keys: make(map[string]time.Time),
		taken: map[string]map[string]int{"crm": {}, "billing": {}},
		sums:  make(map[string]store.Deliveries), paused: make(map[string]bool),
	}
}

// seen tells whether a key was seen within the window, and remembers it if not.
func (m *model) seen(key string, window time.Duration) bool {
	now := time.Now()
	if at, ok := m.keys[key]; ok && now.Truncate(time.Millisecond).Before(at.Add(window)) {
		return true
	}
	m.keys[key] = now.Truncate(time.Millisecond)
	return false
}

// add adds an event as the config in force routes it.
func (m *model) add(id string, replay bool) {
	m.newest++
	e := &modelEvent{seq: m.newest, id: id, replay: replay}
	m.events[e.seq] = e
	m.route(e)
}

func (m *model) route(e *modelEvent) {
	e.state, e.at, e.deliveries = event.Routed, time.Now(), make(map[string]*modelDelivery)
	switch {
	case e.id[0] == 'u' && !m.wide:
		e.state = event.Unrouted
		m.counted.Unrouted++
		return
	case e.id[0] == 'u':
		e.wait("billing")
	case e.id[0] == 'b':
		e.wait("billing")
		e.wait("crm")
	case e.id[0] == 'c':
		e.wait("crm")
	}
	m.counted.Routed++
	for name := range e.deliveries {
		m.sum(name, store.Deliveries{Waiting: 1})
	}
}

func (e *modelEvent) wait(backend string) {
	e.deliveries[backend] = &modelDelivery{state: event.Waiting, since: time.Now()}
}

func (m *model) sum(backend string, d store.Deliveries) {
	b := m.sums[backend]
	b.Waiting += d.Waiting
	b.Delivered += d.Delivered
	b.Dead += d.Dead
	b.Discarded += d.Discarded
	m.sums[backend] = b
}

// become changes a delivery's state in the model.
func (m *model) become(e *modelEvent, backend string, to event.State) {
	d := e.deliveries[backend]
	one := func(s event.State, n uint64) (c store.Deliveries) {
		switch s {
		case event.Waiting:
			c.Waiting = n
		case event.Delivered:
			c.Delivered = n
		case event.Dead:
			c.Dead = n
		case event.Discarded:
			c.Discarded = n
		}
		return c
	}
	m.sum(backend, one(d.state, ^uint64(0)))
	m.sum(backend, one(to, 1))
	if d.state, d.ended = to, time.Now(); to == event.Delivered {
		m.taken[backend]["knolyx:"+e.id]++
	}
}

// compare returns what is other than the model allows.
func (l *life) compare() (found []string) {
	tell := func(format string, args ...any) { found = append(found, fmt.Sprintf(format, args...)) }
	there := make(map[uint64]bool)
	for _, s := range l.sights() {
		there[s.Seq] = true
		e := l.events[s.Seq]
		if e == nil {
			tell("event %d (%s) is there, and the model has none", s.Seq, s.ID)
			continue
		}
		if e.id != s.ID || e.state != s.State() || e.replay != (s.ReplayOf != "") || len(e.deliveries) != len(s.Deliveries) {
			tell("event %d is %s %s with %d deliveries, in the model %s %s with %d", s.Seq, s.ID, s.State(), len(s.Deliveries), e.id, e.state, len(e.deliveries))
			continue
		}
		for _, d := range s.Deliveries {
			l.compareDelivery(e, d, tell)
		}
	}
	for _, seq := range slices.Sorted(maps.Keys(l.events)) {
		if e := l.events[seq]; there[seq] {
			if why := l.overdue(e); why != "" {
				tell("event %d (%s) is still there: %s", seq, e.id, why)
			}
		} else if why := l.purge(e); why != "" {
			tell("event %d (%s) is gone: %s", seq, e.id, why)
		}
	}
	l.compareQuarantine(tell)
	l.compareCounts(tell)
	return found
}

func (l *life) compareDelivery(e *modelEvent, d *event.Delivery, tell func(string, ...any)) {
	m, b := e.deliveries[d.Backend], l.backends[d.Backend]
	if m == nil {
		tell("event %d has a delivery to %s that the model hasn't", e.seq, d.Backend)
		return
	}
	now := time.Now()
	if d.State == m.state {
		fresh := d.Count == 0 && !m.since.Before(l.before)
		if m.state == event.Waiting && fresh && !b.failing() && !l.paused[d.Backend] && !l.down()[d.Backend] {
			tell("event %d was not tried at %s", e.seq, d.Backend)
		}
		return
	}
	switch {
	case m.state == event.Waiting && d.State == event.Delivered && !b.failing() && !l.paused[d.Backend]:
	case m.state == event.Waiting && d.State == event.Dead && b.failing() && !l.paused[d.Backend] && !now.Before(m.since.Add(lifeFor)):
	default:
		tell("event %d (%s) is %s at %s, in the model %s since %s", e.seq, e.id, d.State, d.Backend, m.state, m.since.Format("15:04:05.000"))
		return
	}
	l.become(e, d.Backend, d.State)
}

func (l *life) down() map[string]bool {
	s, err := l.engine.Status(context.Background())
	if err != nil {
		l.t.Error(err)
	}
	return s.Down
}

// end is when an event came to its end, at the latest, and how long it stays then;
// stays is 0 while a delivery waits.
func (e *modelEvent) end() (at time.Time, stays time.Duration) {
	at, stays = e.at, lifeFinished
	if e.state == event.Unrouted {
		stays = lifeStuck
	}
	for _, d := range e.deliveries {
		if d.ended.After(at) {
			at = d.ended
		}
		switch d.state {
		case event.Waiting:
			return at, 0
		case event.Dead:
			stays = lifeStuck
		}
	}
	return at, stays
}

func (e *modelEvent) String() string {
	states := []string{string(e.state)}
	for _, name := range slices.Sorted(maps.Keys(e.deliveries)) {
		states = append(states, string(e.deliveries[name].state)+" at "+name)
	}
	return strings.Join(states, ", ")
}

func (l *life) overdue(e *modelEvent) string {
	if at, stays := e.end(); stays > 0 && time.Since(at) > stays+3*time.Minute {
		return fmt.Sprintf("it is %s and ended at %s", e, at.Format("15:04:05.000"))
	}
	return ""
}

// purge forgets an event that is gone, or says why it may not be. What was seen
// after a sleep may have happened at its beginning, and then ended in it.
func (l *life) purge(e *modelEvent) string {
	for name, d := range e.deliveries {
		if d.state == event.Waiting {
			return fmt.Sprintf("a delivery to %s waited", name)
		}
	}
	at, stays := e.end()
	if time.Since(at) < stays-lifeSleep {
		return fmt.Sprintf("it is to stay until %s", at.Add(stays).Format("15:04:05.000"))
	}
	l.gone(e)
	return ""
}

// gone counts an event that was purged.
func (l *life) gone(e *modelEvent) {
	l.purgings++
	delete(l.events, e.seq)
	if e.state == event.Unrouted {
		l.counted.Unrouted--
		l.counted.Discarded++
	}
	for name, d := range e.deliveries {
		if d.state == event.Dead {
			l.become(e, name, event.Discarded)
		}
	}
}

func (l *life) compareQuarantine(tell func(string, ...any)) {
	qs := l.quarantined()
	for _, q := range qs {
		if !slices.ContainsFunc(l.prison, func(r modelRequest) bool { return r.id == q.ID }) {
			tell("request %s is in the quarantine, and not in the model", q.ID)
		}
	}
	l.prison = slices.DeleteFunc(l.prison, func(r modelRequest) bool {
		there := slices.ContainsFunc(qs, func(q *event.Quarantined) bool { return q.ID == r.id })
		if !there && time.Since(r.at) < lifeAge {
			tell("request %s is not in the quarantine", r.id)
		}
		return !there
	})
}

func (l *life) compareCounts(tell func(string, ...any)) {
	c, err := l.engine.Counts(context.Background())
	if err != nil {
		tell("the counts: %v", err)
		return
	}
	if c.Sources["knolyx"] != l.requests {
		tell("counted are the requests %+v, in the model %+v", c.Sources["knolyx"], l.requests)
	}
	if c.Events != l.counted {
		tell("counted are the events %+v, in the model %+v", c.Events, l.counted)
	}
	for name, b := range l.backends {
		n := c.Backends[name]
		n.Retrying = 0
		if n != l.sums[name] {
			tell("counted at %s are %+v, in the model %+v", name, n, l.sums[name])
		}
		if keys, _ := b.took(); !maps.Equal(keys, l.taken[name]) {
			maps.DeleteFunc(keys, func(key string, n int) bool { return l.taken[name][key] == n })
			tell("%s took, and not so in the model: %v", name, keys)
		}
	}
}
