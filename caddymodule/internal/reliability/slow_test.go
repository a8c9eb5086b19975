package reliability

import (
	"context"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// The gateway gives a request 30 s to arrive, Caddy gives headers a minute by
// default; a little more is for a busy machine.
const (
	bodyTime   = 30 * time.Second
	headerTime = time.Minute
	late       = 5 * time.Second
)

// slow are requests that begin and never end, and until when they must be cut off.
var slow = []struct {
	what, begin string
	within      time.Duration
}{
	{"headers", "PUT /knolyx HTTP/1.1\r\nHost: gateway\r\nX-Slow: ", headerTime},
	{"a body", slowly("PUT", "/knolyx", "Content-Length: 900000"), bodyTime},
	{"a chunked body", slowly("PUT", "/knolyx", "Transfer-Encoding: chunked") + "dbba0\r\n", bodyTime},
	{"a body that nobody reads, for its method", slowly("DELETE", "/knolyx", "Content-Length: 9000"), bodyTime},
	{"a body that nobody reads, for its coding", slowly("PUT", "/knolyx", "Content-Encoding: gzip\r\nContent-Length: 9000"), bodyTime},
	{"a body that nobody reads, below the source", slowly("PUT", "/knolyx/below", "Content-Length: 9000"), bodyTime},
	{"a body that nobody reads, at no source", slowly("PUT", "/nothing", "Content-Length: 9000"), bodyTime},
}

func slowly(method, path, header string) string {
	return method + " " + path + " HTTP/1.1\r\nHost: gateway\r\n" + header + "\r\n\r\n"
}

// TestASlowSenderIsCutOff trickles a byte a second until the connection is closed.
func TestASlowSenderIsCutOff(t *testing.T) {
	if *size == "quick" {
		t.Skip("it takes a minute: -size ci")
	}
	crm := newBackend(t, nil)
	g := newGateway(t, eager(crm.URL))
	g.start()
	each := sized(1, 20, 140)
	var mu sync.Mutex
	most := make(map[string]time.Duration)
	var senders sync.WaitGroup
	for _, s := range slow {
		for range each {
			senders.Go(func() {
				took := g.trickle(s.begin, s.within+late)
				mu.Lock()
				defer mu.Unlock()
				most[s.what] = max(most[s.what], took)
			})
		}
	}
	senders.Wait()
	for _, s := range slow {
		if most[s.what] > s.within+late {
			t.Errorf("%s: not cut off within %s", s.what, s.within+late)
		}
	}
	report(t, result{
		Fault: "slow senders", How: "a byte a second of headers, of a body, of a body that is refused unread",
		Tried: fmt.Sprintf("%d connections of %d kinds", each*len(slow), len(slow)),
		Found: fmt.Sprintf("headers cut off after at most %.0f s (Caddy's read_header), bodies after %.0f s", most["headers"].Seconds(), most["a body"].Seconds()),
	})
}

// trickle begins a request, goes on a byte a second, and says when the server
// hung up.
func (g *gateway) trickle(begin string, atMost time.Duration) time.Duration {
	begun := time.Now()
	conn, err := net.Dial("unix", filepath.Join(g.dir, "site"))
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.SetDeadline(begun.Add(atMost + time.Second))
	_, _ = io.WriteString(conn, begin)
	closed := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, conn)
		close(closed)
	}()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-closed:
			return time.Since(begun)
		case <-tick.C:
			_, _ = io.WriteString(conn, "a")
		}
	}
}

// TestAThousandSlowSendersTakeLittleMemory sends almost all of a megabyte from
// each, and nothing after it.
func TestAThousandSlowSendersTakeLittleMemory(t *testing.T) {
	crm := newBackend(t, nil)
	g := newGateway(t, eager(crm.URL))
	g.start()
	h := &honest{g: g, every: 10 * time.Millisecond}
	headers := []byte(slow[0].begin + strings.Repeat("a", 12_000))
	body := []byte(slowly("PUT", "/knolyx", "Content-Length: 999999") + strings.Repeat("a", 999_000))
	window := sized(time.Second, 5*time.Second, 15*time.Second)
	c := h.besides(t, sized(1, 3, 10), window, func(ctx context.Context) {
		var senders sync.WaitGroup
		for i := range 1000 {
			time.Sleep(window / 1200) // to send a gigabyte at once would be another attack
			senders.Go(func() { g.stall(ctx, [][]byte{headers, body}[i%2]) })
		}
		senders.Wait()
	})
	c.judge(t)
	everythingArrives(t, &h.ledger, crm, time.Minute)
	report(t, result{
		Fault: "1,000 senders that stop", How: "half in their headers, half before the end of 1 MB",
		Tried: fmt.Sprintf("%d windows", len(c.attacked)),
		Found: c.String() + fmt.Sprintf("; %d honest events arrived", len(h.ledger.acknowledged())),
	})
}

// stall sends the beginning of a request and holds the connection.
func (g *gateway) stall(ctx context.Context, begin []byte) {
	conn, err := net.Dial("unix", filepath.Join(g.dir, "site"))
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	_, _ = conn.Write(begin)
	<-ctx.Done()
}
