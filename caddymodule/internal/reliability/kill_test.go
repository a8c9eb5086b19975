package reliability

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// eager retries soon and often, so that a test needs not wait.
func eager(url string) string {
	return fmt.Sprintf(`backend crm %s {
			backoff 20ms 100ms
			timeout 1s
		}
		default crm`, url)
}

// TestPromise1NothingAcknowledgedIsLostInAKill kills the process under 64
// senders at random moments, again and again, on one and the same store.
func TestPromise1NothingAcknowledgedIsLostInAKill(t *testing.T) {
	choose := random(t)
	cycles := sized(3, 50, 1000)
	crm := newBackend(t, nil)
	g := newGateway(t, eager(crm.URL))
	var ledger senderLedger
	var starts []time.Duration
	sofar := newProgress(t, cycles, "kills")
	for cycle := range cycles {
		sofar.reached(cycle)
		begun := time.Now()
		g.start()
		starts = append(starts, time.Since(begun))
		var senders sync.WaitGroup
		for sender := range 64 {
			senders.Go(func() {
				for i := 0; ; i++ {
					if status, _ := ledger.send(g, fmt.Sprintf("k-%d-%d-%d", cycle, sender, i)); status == 0 {
						return
					}
				}
			})
		}
		time.Sleep(time.Duration(20+choose.IntN(400)) * time.Millisecond)
		g.kill()
		senders.Wait()
	}
	g.start()
	repeated := everythingArrives(t, &ledger, crm, time.Minute)
	slices.Sort(starts)
	p99 := starts[len(starts)*99/100]
	if p99 > 2*time.Second {
		tooLong(t, "it served again after %s (p99), not 2 s", p99)
	}
	report(t, result{
		Fault: "process dies", How: "kill -9 under 64 senders at random moments",
		Tried: fmt.Sprintf("%d kills", cycles),
		Found: fmt.Sprintf("%d acknowledged, 0 lost, %d delivered again with the same key; serves again after %d ms (p99)", len(ledger.acknowledged()), repeated, p99.Milliseconds()),
	})
}
