package reliability

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/clock/clocktest"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	lodge "github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
)

// TestPromise3NoJumpOfTheClockHoldsUpOrLosesAnEvent sets the clock forwards and back
// while events are kept, retried and purged. Time itself is virtual and goes on
// evenly: what waits an hour takes none. One sequence in two hundred runs over a real
// store.
func TestPromise3NoJumpOfTheClockHoldsUpOrLosesAnEvent(t *testing.T) {
	choose := random(t)
	sequences := sized(100, 5000, 100_000)
	jumps, longest := 0, time.Duration(0)
	sofar := newProgress(t, sequences, "sequences")
	for n := 0; n < sequences && !t.Failed(); n++ {
		sofar.reached(n)
		synctest.Test(t, func(t *testing.T) {
			c := newClockLife(t, choose, n%200 == 0)
			defer c.end()
			c.sequence()
			jumps += c.jumps
			longest = max(longest, c.waited)
			if t.Failed() {
				t.Logf("sequence %d: %v\n%s", n, c.history, tail(c.log.String(), 4000))
			}
		})
	}
	report(t, result{
		Fault: "clock jumps", How: "1 s to 10 years, forwards and back, in retries, windows, retention and restarts, while time goes on",
		Tried: fmt.Sprintf("%d sequences of %d jumps in all, one in two hundred over a real store", sequences, jumps),
		Found: fmt.Sprintf("nothing undelivered purged or given up, no busy loop, no wait above %s after a jump, at a longest backoff of %s", longest.Round(time.Second), clockLongest),
	})
}

// clockLife is a life in which the clock is set.
type clockLife struct {
	*life
	jumps  int
	clock  *clocktest.Clock
	lowest time.Duration // that it was ever ahead by
	sent   map[string]time.Time
	leases atomic.Int64
	waited time.Duration // for what had to arrive
}

const (
	clockLongest, clockWindow = time.Hour, 24 * time.Hour
	// clockWait is the longest backoff, and what a worker needs to see a jump.
	clockWait = clockLongest + 3*time.Minute
)

func newClockLife(t *testing.T, choose *rand.Rand, onDisk bool) *clockLife {
	c := &clockLife{life: makeLife(t, choose), clock: clocktest.New(t), sent: make(map[string]time.Time)}
	c.policy = retry.Policy{Longest: clockLongest}
	c.retention = lodge.Retention{Finished: lodge.DefaultFinished, Stuck: lodge.DefaultStuck}
	c.source.Dedupe = &lodge.Dedupe{Window: clockWindow}
	open, mem := c.make, memstore.New()
	c.make = func() (store.Store, error) {
		if onDisk {
			s, err := open()
			return leased{s, &c.leases}, err
		}
		mem = mem.Reopen()
		return leased{mem, &c.leases}, nil
	}
	c.open()
	return c
}

// leased counts how often a worker asks for work.
type leased struct {
	store.Store
	leases *atomic.Int64
}

func (a leased) Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) ([]*event.Delivery, time.Time, error) {
	a.leases.Add(1)
	return a.Store.Lease(ctx, backend, now, n, longest)
}

// sequence sends events to a backend that fails, some that no rule takes, and
// sets the clock some times. Then the backend takes all.
func (c *clockLife) sequence() {
	c.backends["crm"].fail(503)
	for range 1 + c.choose.IntN(3) {
		c.send("c")
		c.send("u")
		time.Sleep(time.Duration(c.choose.Int64N(int64(time.Hour))))
		c.jump()
		c.repeat()
		c.tried()
	}
	c.backends["crm"].fail(0)
	if c.choose.IntN(2) == 0 {
		c.jump()
	}
	c.arrive()
	c.nothingGone()
}

func (c *clockLife) send(kind string) {
	c.number++
	id := fmt.Sprint(kind, "-", c.number)
	c.sent[id] = clock.Now()
	if a := c.accept(id, "t"); a.Verdict != lodge.Kept {
		c.t.Errorf("%s was answered %+v", id, a)
	}
}

// repeat sends again what was sent before, as long as the window isn't over.
func (c *clockLife) repeat() {
	for id, at := range c.sent {
		if !clock.Now().Before(at.Add(clockWindow - time.Second)) {
			continue
		}
		if a := c.accept(id, "t"); a.Verdict != lodge.Duplicate {
			c.t.Errorf("%s was kept again in its window", id)
		}
	}
}

// jump sets the clock by 1 s to 10 years, each order of magnitude alike. While it
// is earlier than it ever was it may also be restarted: only what runs can tell a
// clock that was set forwards from a rest.
func (c *clockLife) jump() {
	const day = 24 * time.Hour
	sizes := []time.Duration{time.Second, time.Minute, time.Hour, day, 30 * day, 365 * day, 3650 * day}
	i := c.choose.IntN(len(sizes) - 1)
	d := sizes[i] + time.Duration(c.choose.Int64N(int64(sizes[i+1]-sizes[i])))
	if c.choose.IntN(2) == 0 {
		d = -d
	}
	ahead := c.clock.Ahead() + d
	restart := ahead < c.lowest && c.choose.IntN(4) == 0
	if restart {
		c.close()
	}
	c.clock.Set(ahead)
	c.jumps++
	c.history = append(c.history, d.Round(time.Second).String())
	if c.lowest = min(c.lowest, ahead); restart {
		c.open()
		c.history = append(c.history, "in a restart")
	}
}

// tries are how often each event was sent to the backend.
func (c *clockLife) tries() (each map[string]int, all int) {
	each = make(map[string]int)
	for _, s := range c.sights() {
		for _, d := range s.Deliveries {
			each[d.EventID], all = d.Count, all+d.Count
		}
	}
	return each, all
}

// tried waits for the longest backoff: each event is tried in it, and nobody is
// busy.
func (c *clockLife) tried() {
	before, sum := c.tries()
	c.leases.Store(0)
	time.Sleep(clockWait)
	synctest.Wait()
	after, all := c.tries()
	for id, n := range before {
		if after[id] <= n {
			c.t.Errorf("%s was not tried within the longest backoff", id)
		}
	}
	if all -= sum; all > 60*len(before) {
		c.t.Errorf("%d attempts for %d events within the longest backoff", all, len(before))
	}
	if n := c.leases.Load(); n > 400+4*int64(all) {
		c.t.Errorf("the workers asked %d times for work, for %d attempts", n, all)
	}
}

// arrive waits until all that was sent is delivered once, for the longest backoff.
func (c *clockLife) arrive() {
	for begun := time.Now(); time.Since(begun) < clockWait; c.waited = time.Since(begun) {
		if counts, err := c.engine.Counts(context.Background()); err != nil || counts.Backends["crm"].Waiting == 0 {
			break
		}
		time.Sleep(time.Minute)
		synctest.Wait()
	}
	keys, _ := c.backends["crm"].took()
	for id := range c.sent {
		if id[0] == 'c' && keys["knolyx:"+id] != 1 {
			c.t.Errorf("%s was delivered %d times within the longest backoff", id, keys["knolyx:"+id])
		}
	}
}

// nothingGone looks whether each event is there, however old the clock makes it.
func (c *clockLife) nothingGone() {
	there := make(map[string]event.State)
	for _, s := range c.sights() {
		there[s.ID] = s.State()
		if hasDead(&s) {
			c.t.Errorf("%s was given up", s.ID)
		}
	}
	for id := range c.sent {
		if id[0] == 'u' && there[id] != event.Unrouted {
			c.t.Errorf("%s stands nowhere: it is %q", id, there[id])
		}
	}
}
