package reliability

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// flood is requests that take much of whoever reads them.
type flood struct {
	how string
	// rate is requests in a second, of which burst are sent at once, 0 for one.
	rate, burst int
	// make makes the nth one; answers are those that it may get.
	make    func(n int64) []byte
	answers []int
	// arrives is the id of the nth one's event where it must arrive, nil for none.
	arrives func(n int64) string
	// raise has Caddy let in more headers than it does by default.
	raise bool
}

const (
	genuine = "a-token"
	forged  = "another-token"
)

// floods are as large as the limits of 1 MB for a body and, raised, for headers let in.
// Forged requests of 250 KB are too large to be written together with a third one.
func floods() map[string]flood {
	chunks := chunked(10 << 20)
	bomb := strings.Repeat(gzipped(64<<20), 15) // gzip members follow one another
	deep := strings.Repeat("[", 999_000)
	keys, headers := manyKeys(100_000), manyHeaders(8_000)
	padding := strings.Repeat("x", 1000)
	var large [12][]byte
	for i := range large {
		large[i] = put(forged, "", fmt.Sprintf(`{"id":"large-%d","type":"PING","more":%q}`, i, strings.Repeat("x", 250_000)))
	}
	many := func(n int64) []byte {
		return put(either(n), headers, fmt.Sprintf(`{"id":"many-headers-%d","type":"PING"}`, n))
	}
	return map[string]flood{
		"chunked bodies of 10 MB": {how: "without a length, from strangers", rate: 20, make: func(int64) []byte {
			return chunks
		}, answers: []int{413}},
		"gzip bombs": {how: "1 GB in less than 1 MB, from strangers, every other without saying that it is coded", rate: 20, make: func(n int64) []byte {
			if n%2 == 0 {
				return put(forged, "", bomb)
			}
			return put(forged, "Content-Encoding: gzip\r\n", bomb)
		}, answers: []int{202, 401, 415}},
		"JSON a million deep": {how: "genuine and forged in turn", rate: 10, make: func(n int64) []byte {
			return put(either(n), "", strings.Repeat(" ", int(n%1000))+deep)
		}, answers: []int{202, 401}},
		"objects of 100,000 keys": {how: "genuine and forged in turn", rate: 10, make: func(n int64) []byte {
			return put(either(n), "", fmt.Sprintf(`{"id":"keys-%d",%s`, n, keys))
		}, answers: []int{202, 401}, arrives: func(n int64) string {
			if either(n) == forged {
				return ""
			}
			return fmt.Sprintf("keys-%d", n)
		}},
		"8,000 headers": {how: "genuine and forged in turn", rate: 20, make: many, answers: []int{431}},
		"8,000 headers, let in": {how: "genuine and forged in turn, with Caddy's limit of 16 KB raised to 1 MB", rate: 20,
			make: many, answers: []int{202, 401}, raise: true},
		"a flood of forged requests": {how: "1 KB each, until the quarantine is full and beyond", rate: 500, make: func(n int64) []byte {
			return put(forged, "", fmt.Sprintf(`{"id":"flood-%d","type":"PING","more":%q}`, n, padding))
		}, answers: []int{202, 401}},
		"a flood of large forged requests": {how: "250 KB each, 12 at once", rate: 48, burst: 12, make: func(n int64) []byte {
			return large[n%int64(len(large))]
		}, answers: []int{202, 401}},
	}
}

// TestAFloodTakesLittleMemoryAndHoldsNobodyUp runs each flood beside honest traffic.
func TestAFloodTakesLittleMemoryAndHoldsNobodyUp(t *testing.T) {
	all := floods()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			f := all[name]
			crm := newBackend(t, nil)
			g := newGateway(t, "backend crm "+crm.URL+"\nrule pings `type == \"ping\"` drop\ndefault crm")
			if f.raise {
				g.raiseHeaderLimit()
			}
			g.start()
			h := &honest{g: g, every: 10 * time.Millisecond}
			var answers tally
			var n atomic.Int64
			c := h.besides(t, sized(1, 3, 10), sized(time.Second/2, 4*time.Second, 15*time.Second), func(ctx context.Context) {
				f.run(ctx, g, &n, &h.ledger, &answers)
			})
			c.judge(t)
			answers.among(t, f.answers)
			everythingArrives(t, &h.ledger, crm, time.Minute)
			report(t, result{
				Fault: name, How: f.how, Tried: fmt.Sprintf("%d requests, %d a second; answered %s", n.Load(), f.rate, &answers),
				Found: c.String() + fmt.Sprintf("; %d honest events arrived", len(h.ledger.acknowledged())),
			})
		})
	}
}

// run sends at the flood's rate, whether answers come or not, up to 1,000 at once.
func (f *flood) run(ctx context.Context, g *gateway, n *atomic.Int64, l *senderLedger, answers *tally) {
	var requests sync.WaitGroup
	room := make(chan struct{}, 1000)
	burst := max(1, f.burst)
	tick := time.NewTicker(time.Second * time.Duration(burst) / time.Duration(f.rate))
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
			for range burst {
				room <- struct{}{}
				requests.Go(func() {
					f.send(g, n.Add(1), l, answers)
					<-room
				})
			}
		}
	}
	requests.Wait()
}

// send sends the ith request and writes down how it was answered.
func (f *flood) send(g *gateway, i int64, l *senderLedger, answers *tally) {
	status := sendAway(g, f.make(i))
	answers.add(status)
	if f.arrives != nil && f.arrives(i) != "" {
		l.note(f.arrives(i), status)
	}
}

// raiseHeaderLimit lets requests in that Caddy answers 431 by itself.
func (g *gateway) raiseHeaderLimit() {
	g.t.Helper()
	g.edit(func(text string) string {
		return strings.Replace(text, "auto_https off\n", "auto_https off\n\tservers {\n\t\tmax_header_size 1MB\n\t}\n", 1)
	})
}

// sendAway sends a request on a connection of its own and says how it was
// answered, 0 for not at all: a server may hang up while a body is on its way.
func sendAway(g *gateway, request []byte) int {
	conn, err := net.Dial("unix", filepath.Join(g.dir, "site"))
	if err != nil {
		return 0
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	go func() { _, _ = conn.Write(request) }()
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// put is a request as it goes over the wire, made beforehand, so that sending it
// takes little of the machine that it shares with the gateway.
func put(token, header, body string) []byte {
	return fmt.Appendf(nil, "PUT /knolyx HTTP/1.1\r\nHost: gateway\r\nX-Webhook-Security-Token: %s\r\nContent-Length: %d\r\n%s\r\n%s", token, len(body), header, body)
}

func either(n int64) string {
	if n%2 == 0 {
		return genuine
	}
	return forged
}

func manyKeys(n int) string {
	var b strings.Builder
	b.WriteString(`"type":"COURSE_COMPLETED","data":{"user":{"id":1},"course":{"id":2}`)
	for i := range n {
		fmt.Fprintf(&b, `,"%x":1`, i)
	}
	return b.String() + "}}"
}

func manyHeaders(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "X-Header-%d: a\r\n", i)
	}
	return b.String()
}

func chunked(n int) []byte {
	head := "PUT /knolyx HTTP/1.1\r\nHost: gateway\r\nX-Webhook-Security-Token: " + forged + "\r\nTransfer-Encoding: chunked\r\n\r\n"
	return fmt.Appendf(nil, "%s%x\r\n%s\r\n0\r\n\r\n", head, n, strings.Repeat("0", n))
}

func gzipped(n int) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(make([]byte, n)) // memory takes it all
	_ = w.Close()
	return b.String()
}

// tally counts answers by status; 0 is a connection that was closed without one.
type tally struct {
	mu sync.Mutex
	of map[int]int
}

func (a *tally) add(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.of == nil {
		a.of = make(map[int]int)
	}
	a.of[status]++
}

// among fails the test for an answer that is none of these. No answer is well
// where 413 or 431 is: they say so while the sender still sends.
func (a *tally) among(t *testing.T, allowed []int) {
	t.Helper()
	for status, n := range a.of {
		if !slices.Contains(allowed, status) && (status != 0 || !slices.Contains(allowed, 413) && !slices.Contains(allowed, 431)) {
			t.Errorf("%d requests were answered %d", n, status)
		}
	}
	if len(a.of) == 0 {
		t.Error("nothing was sent")
	}
}

func (a *tally) String() string {
	var parts []string
	for _, status := range slices.Sorted(maps.Keys(a.of)) {
		what := strconv.Itoa(status)
		if status == 0 {
			what = "by hanging up"
		}
		parts = append(parts, fmt.Sprintf("%s: %d", what, a.of[status]))
	}
	return strings.Join(parts, ", ")
}

// note writes an answer down.
func (l *senderLedger) note(id string, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.answers == nil {
		l.answers = make(map[string][]int)
	}
	l.answers[id] = append(l.answers[id], status)
}
