package reliability

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	lodge "github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
)

// lifeSleep is the longest sleep of a step.
const lifeSleep = 50 * time.Second

// What a life does: each deed does it to the gateway and to the model.

func (l *life) receive() string {
	l.number++
	return l.take(fmt.Sprintf("%c-%d", "ccbbun"[l.choose.IntN(6)], l.number))
}

// take sends a genuine event.
func (l *life) take(id string) string {
	want := lodge.Kept
	if l.seen(id, lifeWindow) {
		want = lodge.Duplicate
		l.requests.Duplicate++
	} else {
		l.requests.New++
		l.add(id, false)
	}
	if a := l.accept(id, "t"); a.Verdict != want || a.ID != id {
		l.t.Errorf("%s was answered %+v, not %d", id, a, want)
	}
	return id
}

func (l *life) repeat() string {
	if l.number == 0 {
		return "nothing"
	}
	number := max(1, l.number-l.choose.IntN(20))
	for id := range l.keys {
		var n int
		if _, err := fmt.Sscanf(id[1:], "-%d", &n); err == nil && n == number {
			return l.take(id)
		}
	}
	return "nothing"
}

func (l *life) forge() string {
	l.number++
	id := fmt.Sprintf("%c-%d", "cbu"[l.choose.IntN(3)], l.number)
	want := lodge.Quarantined
	if len(l.prison) >= lifeLimit {
		want = lodge.Rejected
		l.requests.Refused++
	} else {
		l.requests.Quarantined++
		l.prison = append(l.prison, modelRequest{id, time.Now()})
	}
	if a := l.accept(id, "wrong"); a.Verdict != want {
		l.t.Errorf("%s was answered %+v, not %d", id, a, want)
	}
	return id
}

func (l *life) sleep() string {
	d := time.Duration(l.choose.Int64N(int64(lifeSleep)))
	if l.choose.IntN(3) > 0 {
		d /= 20
	}
	time.Sleep(d)
	return d.String()
}

func (l *life) backend() string { return []string{"crm", "billing"}[l.choose.IntN(2)] }

func (l *life) turn() string {
	name := l.backend()
	if b := l.backends[name]; b.failing() {
		b.fail(0)
		return name + " recovers"
	}
	l.backends[name].fail([]int{500, 503, 404, 429}[l.choose.IntN(4)])
	return name + " fails"
}

func (l *life) pause() string {
	name := l.backend()
	l.setPaused(name, !l.paused[name])
	return fmt.Sprintf("%s: %t", name, l.paused[name])
}

func (l *life) setPaused(name string, paused bool) {
	do := l.engine.Resume
	if paused {
		do = l.engine.Pause
	}
	if changed, err := do(context.Background(), name); err != nil || !changed {
		l.t.Errorf("pause of %s to %t: %t, %v", name, paused, changed, err)
	}
	l.paused[name] = paused
	for _, e := range l.events {
		if d := e.deliveries[name]; d != nil && d.state == event.Waiting {
			d.since = time.Now()
		}
	}
}

func (l *life) retry() string {
	on := l.one(hasDead)
	for i := range on {
		e := l.events[on[i].Seq]
		for name, d := range e.deliveries {
			if d.state == event.Dead {
				l.become(e, name, event.Waiting)
				d.since, d.ended = time.Now(), time.Time{}
			}
		}
	}
	l.act(lodge.Retry, on)
	return named(on)
}

func hasDead(s *lodge.Sight) bool {
	return slices.ContainsFunc(s.Deliveries, func(d *event.Delivery) bool { return d.State == event.Dead })
}

// discard gives up what is stuck of an event, which goes if nothing else is left.
func (l *life) discard() string {
	on := l.one(func(s *lodge.Sight) bool { return hasDead(s) || s.State() == event.Unrouted })
	l.act(lodge.Discard, on)
	for i := range on {
		e := l.events[on[i].Seq]
		left := false
		for name, d := range e.deliveries {
			if d.state == event.Dead {
				l.become(e, name, event.Discarded)
			}
			left = left || d.state != event.Discarded
		}
		if !left {
			l.gone(e)
		}
	}
	return named(on)
}

func (l *life) replay() string {
	on := l.one(func(s *lodge.Sight) bool { return s.ReplayOf == "" })
	if on == nil {
		return "nothing"
	}
	again, want := l.choose.IntN(2) == 0, 1
	if !again && l.seen(fmt.Sprint("replay of ", on[0].Seq), time.Hour) {
		want = 0
	}
	if want == 1 {
		l.requests.Replayed++
		l.add(on[0].ID, true)
	}
	if done := l.act(lodge.Replay(false, again), on); done.Done != want {
		l.t.Errorf("the replay of %s did %+v, not %d", named(on), done, want)
	}
	return named(on)
}

func (l *life) reprocess() string {
	on := l.one(func(s *lodge.Sight) bool { return s.State() == event.Unrouted })
	for i := range on {
		if e := l.events[on[i].Seq]; l.wide {
			l.counted.Unrouted--
			l.route(e)
		}
	}
	l.act(lodge.Reprocess, on)
	return named(on)
}

// release lets one quarantined request in, though it passes no verification.
func (l *life) release() string {
	qs := l.quarantined()
	if len(qs) == 0 {
		return "nothing"
	}
	q := qs[l.choose.IntN(len(qs))]
	l.requests.Quarantined--
	l.requests.Released++
	if l.seen(q.ID, lifeWindow) {
		l.requests.Duplicate++
	} else {
		l.requests.New++
		l.add(q.ID, false)
	}
	l.forget(q.ID)
	if done, err := l.engine.Release(context.Background(), []*event.Quarantined{q}, true); err != nil || done.Done != 1 {
		l.t.Errorf("the release of %s: %+v, %v", q.ID, done, err)
	}
	return q.ID
}

func (l *life) discardQuarantined() string {
	qs := l.quarantined()
	if len(qs) == 0 {
		return "nothing"
	}
	l.forget(qs[0].ID)
	if done, err := l.engine.DiscardQuarantined(context.Background(), qs[:1]); err != nil || done.Done != 1 {
		l.t.Errorf("the discard of %s: %+v, %v", qs[0].ID, done, err)
	}
	return qs[0].ID
}

func (l *life) forget(id string) {
	l.prison = slices.DeleteFunc(l.prison, func(r modelRequest) bool { return r.id == id })
}

// reload changes the rules while the old config still runs.
func (l *life) reload() string {
	l.wide = l.choose.IntN(2) == 0
	old := l.detach
	l.detach = l.engine.Attach(l.config())
	old()
	return fmt.Sprintf("wide: %t", l.wide)
}

func (l *life) restart() string {
	l.close()
	l.open()
	return ""
}

func named(on []lodge.Sight) string {
	if len(on) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d (%s)", on[0].Seq, on[0].ID)
}
