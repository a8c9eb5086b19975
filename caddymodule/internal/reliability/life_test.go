package reliability

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestPromise3ARandomLifeIsAsTheModelSays does random things to the engine over a
// real store, with backends over HTTP, and compares all there is to see with a
// plain map after each. The clock is virtual: what waits an hour takes no time.
func TestPromise3ARandomLifeIsAsTheModelSays(t *testing.T) {
	choose := random(t)
	steps := sized(300, 2000, 1_000_000)
	const each = 2000 // then another life begins
	done, counts := 0, make(map[string]int)
	sofar := newProgress(t, steps, "steps")
	for done < steps && !t.Failed() {
		sofar.reached(done)
		synctest.Test(t, func(t *testing.T) {
			l := newLife(t, choose)
			defer l.end()
			for range min(each, steps-done) {
				name := l.step()
				done++
				counts[name]++
				if l.differs() {
					return
				}
			}
			l.settle()
		})
	}
	var kinds []string
	for name, n := range counts {
		kinds = append(kinds, fmt.Sprintf("%d %s", n, name))
	}
	slices.Sort(kinds)
	report(t, result{
		Fault: "random life", How: "random steps against a plain map, over a real store and HTTP, on a virtual clock",
		Tried: fmt.Sprintf("%d steps", done),
		Found: "equal after each: " + strings.Join(kinds, ", "),
	})
}

// deed is something that may happen. do returns what it was done to.
type deed struct {
	name   string
	weight int
	do     func(*life) string
}

var deeds = []deed{
	{"receive", 30, (*life).receive},
	{"repeat", 10, (*life).repeat},
	{"forge", 4, (*life).forge},
	{"sleep", 16, (*life).sleep},
	{"fail or recover", 6, (*life).turn},
	{"pause or resume", 3, (*life).pause},
	{"retry", 4, (*life).retry},
	{"discard", 3, (*life).discard},
	{"replay", 5, (*life).replay},
	{"reprocess", 3, (*life).reprocess},
	{"release", 2, (*life).release},
	{"discard quarantined", 1, (*life).discardQuarantined},
	{"reload", 4, (*life).reload},
	{"restart", 2, (*life).restart},
}

func pick(choose *rand.Rand) deed {
	sum := 0
	for _, d := range deeds {
		sum += d.weight
	}
	n := choose.IntN(sum)
	for _, d := range deeds {
		if n -= d.weight; n < 0 {
			return d
		}
	}
	panic("unreachable")
}

// step does something, and lets all that follows from it happen.
func (l *life) step() string {
	d := pick(l.choose)
	l.before = time.Now()
	what := d.do(l)
	time.Sleep(100 * time.Millisecond)
	synctest.Wait()
	l.history = append(l.history, fmt.Sprintf("%s %s %s", l.before.Format("15:04:05.000"), d.name, what))
	return d.name
}

// differs compares the gateway with the model; the last steps are told with the
// difference.
func (l *life) differs() bool {
	found := l.compare()
	for range 3 { // an attempt may just be under way
		if len(found) == 0 {
			return false
		}
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		found = l.compare()
	}
	if len(found) == 0 {
		return false
	}
	l.t.Errorf("after %d steps:\n%s\nthe last of them:\n%s\nwarnings and errors:\n%s", len(l.history),
		strings.Join(found, "\n"), strings.Join(l.history[max(0, len(l.history)-40):], "\n"), tail(l.log.String(), 4000))
	return true
}

// settle lets the backends recover: then nothing may wait any more.
func (l *life) settle() {
	for name, b := range l.backends {
		b.fail(0)
		if l.paused[name] {
			l.setPaused(name, false)
		}
	}
	l.before = time.Now()
	time.Sleep(time.Minute)
	synctest.Wait()
	l.history = append(l.history, "settle")
	l.differs()
	for _, e := range l.events {
		for name, d := range e.deliveries {
			if d.state == "waiting" {
				l.t.Errorf("event %d still waits for %s", e.seq, name)
			}
		}
	}
}
