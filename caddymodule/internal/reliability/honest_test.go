package reliability

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// honest is steady genuine traffic, in whose times it shows what an attack costs others.
type honest struct {
	g       *gateway
	ledger  senderLedger
	every   time.Duration
	windows int
}

// during sends events for a time. The times are counted from when each was due.
func (h *honest) during(t *testing.T, window time.Duration) (took []time.Duration) {
	t.Helper()
	h.windows++
	var mu sync.Mutex
	var senders sync.WaitGroup
	begun := time.Now()
	for i := range int(window / h.every) {
		due := begun.Add(time.Duration(i) * h.every)
		time.Sleep(time.Until(due))
		id := fmt.Sprintf("honest-%d-%d", h.windows, i)
		senders.Go(func() {
			if status, _ := h.ledger.send(h.g, id); status != 202 {
				t.Errorf("%s was answered %d, not 202", id, status)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, time.Since(due))
		})
	}
	senders.Wait()
	return took
}

func p99(took []time.Duration) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	return took[len(took)*99/100]
}

// compared is honest traffic in windows without and with an attack, in turn.
type compared struct {
	usual, attacked []time.Duration // p99 of each window
	idle, most      int64           // resident bytes before, and the most of it
}

// besides runs an attack in every other window. The attack ends with its context.
func (h *honest) besides(t *testing.T, pairs int, window time.Duration, attack func(context.Context)) (c compared) {
	t.Helper()
	h.during(t, window/2) // so that what grows once has grown
	c.idle = h.g.resident()
	for range pairs {
		c.usual = append(c.usual, p99(h.during(t, window)))
		ctx, stop := context.WithCancel(t.Context())
		peak := h.g.peak(ctx)
		var attackers sync.WaitGroup
		attackers.Go(func() { attack(ctx) })
		c.attacked = append(c.attacked, p99(h.during(t, window)))
		stop()
		attackers.Wait()
		c.most = max(c.most, <-peak)
	}
	return c
}

// judge holds what an attack cost against what it may cost.
func (c *compared) judge(t *testing.T) {
	t.Helper()
	const bound = 256 << 20
	if more := c.most - c.idle; more > bound {
		t.Errorf("it held %d MB more than before", more>>20)
	}
	if median(c.attacked) >= 2*median(c.usual) {
		tooLong(t, "honest traffic took %s (p99), and %s without the attack", median(c.attacked), median(c.usual))
	}
}

func (c *compared) String() string {
	return fmt.Sprintf("at most %d MB more memory; honest p99 %.1f ms, without the attack %.1f ms",
		max(0, c.most-c.idle)>>20, ms(median(c.attacked)), ms(median(c.usual)))
}

// median is that of several windows, so that something else on the machine that
// runs in one of them doesn't count.
func median(of []time.Duration) time.Duration {
	slices.Sort(of)
	return of[len(of)/2]
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// resident is the bytes of memory that the process holds, mapped files among
// them (/proc/<pid>/status, proc(5)).
func (g *gateway) resident() int64 {
	g.t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.cmd.Process.Pid))
	if err != nil {
		g.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
	if err != nil {
		g.t.Fatal(err)
	}
	return kib << 10
}

// peak is the most resident memory until the context ends.
func (g *gateway) peak(ctx context.Context) <-chan int64 {
	most := make(chan int64, 1)
	go func() {
		var top int64
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			top = max(top, g.resident())
			select {
			case <-ctx.Done():
				most <- top
				return
			case <-tick.C:
			}
		}
	}()
	return most
}
