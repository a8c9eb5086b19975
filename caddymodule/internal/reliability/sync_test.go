package reliability

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestPromise1NothingIsAcknowledgedAfterASyncThatFailed fails one sync of the
// running server by EIO, or all from one on: of the journal (fdatasync), of
// Badger's maps (msync), or of the names and lists of files (fsync).
func TestPromise1NothingIsAcknowledgedAfterASyncThatFailed(t *testing.T) {
	_, err := exec.LookPath("strace")
	needs(t, "strace", err)
	choose := random(t)
	cases := sized(2, 10, 100)
	lost, longest := 0, time.Duration(0)
	failed := make(map[string]int)
	sofar := newProgress(t, cases, "syncs")
	for i := range cases {
		sofar.reached(i)
		call := []string{"fdatasync", "msync", "fsync"}[i%3]
		noticed, missing := failSync(t, call, choose)
		failed[call]++
		lost += missing
		longest = max(longest, noticed)
	}
	report(t, result{
		Fault: "sync fails", How: "EIO put into the nth fdatasync, msync or fsync of the running server, once or from then on",
		Tried: fmt.Sprintf("%d syncs of the journal, %d of Badger's maps, %d of names", failed["fdatasync"], failed["msync"], failed["fsync"]),
		Found: fmt.Sprintf("no 2xx and not ready after %d ms at most, %d acknowledged lost after a restart", longest.Milliseconds(), lost),
	})
}

// failSync is one such failure. It returns how long it took until nothing was
// acknowledged any more, and how many events were lost.
func failSync(t *testing.T, call string, choose *rand.Rand) (noticed time.Duration, lost int) {
	t.Helper()
	crm := newBackend(t, nil)
	g := newGateway(t, eager(crm.URL))
	g.start()
	g.until(30*time.Second, "it is ready", func() bool { return g.ready() == http.StatusOK })
	var ledger senderLedger
	senders := beginSending(g, &ledger, 16)
	nth := strconv.Itoa(1 + choose.IntN(8))
	if call == "fsync" {
		nth = "1" // only a new file takes one
	}
	if choose.IntN(2) == 0 {
		nth += "+"
	}
	trace := injectError(t, g, call, nth)
	g.until(time.Minute, call+" number "+nth+" of a thread fails", func() bool { return !injectedAt(trace).IsZero() })
	notReady := g.eventually(within(5*time.Second), func() bool { return g.ready() == http.StatusServiceUnavailable })
	if !notReady {
		t.Errorf("%s %s failed and it is still ready", call, nth)
	}
	noticed = max(0, senders.end().Sub(injectedAt(trace)))
	t.Logf("%s %s: %d acknowledged, the last began %s after the failure", call, nth, len(ledger.acknowledged()), noticed)
	switch {
	case call == "fdatasync" && noticed > 0:
		t.Errorf("%s %s failed, and what began %s later was acknowledged", call, nth, noticed)
	case noticed > time.Second: // Badger works beside the journal, which goes on until it hears of it
		tooLong(t, "%s %s failed, and what began %s later was acknowledged", call, nth, noticed)
	}
	refusesAndServesTheRest(t, g)
	if !strings.Contains(g.logs(), "a write to the store failed; nothing is accepted until it is reopened") {
		t.Errorf("%s %s failed and no line of the log says so", call, nth)
	}
	g.kill()
	g.start()
	before := t.Failed()
	everythingArrives(t, &ledger, crm, 2*time.Minute)
	if t.Failed() && !before {
		lost = len(ledger.acknowledged()) - len(crm.delivered())
	}
	g.kill()
	return noticed, lost
}

// refusesAndServesTheRest looks whether senders are asked to come again, and the
// rest of the server goes on.
func refusesAndServesTheRest(t *testing.T, g *gateway) {
	t.Helper()
	for i := range 20 {
		status, header := post(g, fmt.Sprintf("refused-%d", i))
		if status != http.StatusServiceUnavailable || header.Get("Retry-After") == "" {
			t.Errorf("an event got %d with Retry-After %q, not 503", status, header.Get("Retry-After"))
			break
		}
	}
	if status := g.status(g.site, "http://gateway/other"); status != http.StatusNoContent {
		t.Errorf("another path of the site answers %d", status)
	}
	if !g.alive() {
		t.Errorf("the process died:\n%s", tail(g.logs(), 3000))
	}
}

func (g *gateway) ready() int { return g.status(g.admin, "http://admin/webhook_gateway/health/ready") }

func (g *gateway) status(client *http.Client, url string) int {
	res, err := client.Get(url)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// sending are senders that send without a pause until end.
type sending struct {
	quit chan struct{}
	wait sync.WaitGroup
	mu   sync.Mutex
	last time.Time // when the last request began that got a 2xx
}

var batches int // so that no two events have one id

func beginSending(g *gateway, ledger *senderLedger, n int) *sending {
	s := &sending{quit: make(chan struct{})}
	batches++
	for sender := range n {
		id := fmt.Sprintf("s-%d-%d", batches, sender)
		s.wait.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-s.quit:
					return
				default:
				}
				begun := time.Now()
				status, _ := ledger.send(g, fmt.Sprintf("%s-%d", id, i))
				switch {
				case status/100 == 2:
					s.acknowledged(begun)
				case status == 0 && !g.alive():
					return
				default:
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	return s
}

func (s *sending) acknowledged(begun time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if begun.After(s.last) {
		s.last = begun
	}
}

// end ends the sending; it returns when the last request began that got a 2xx.
func (s *sending) end() time.Time {
	close(s.quit)
	s.wait.Wait()
	return s.last
}

// injectError lets a system call of the running server fail: the nth of each
// thread, and with a + those after it.
func injectError(t *testing.T, g *gateway, call, nth string) (trace string) {
	t.Helper()
	trace = filepath.Join(g.dir, "trace")
	cmd := exec.Command("strace", "-f", "-ttt", "-o", trace, "-p", strconv.Itoa(g.cmd.Process.Pid),
		"-e", "trace="+call, "-e", "inject="+call+":error=EIO:when="+nth)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return trace
}

var injected = regexp.MustCompile(`(?m)^\d+ +(\d+\.\d+) .*INJECTED`)

// injectedAt is when the first call was made that failed; zero if none was.
func injectedAt(trace string) time.Time {
	text, _ := os.ReadFile(trace)
	found := injected.FindSubmatch(text)
	if found == nil {
		return time.Time{}
	}
	seconds, _ := strconv.ParseFloat(string(found[1]), 64)
	return time.UnixMicro(int64(seconds * 1e6))
}
