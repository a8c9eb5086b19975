package reliability

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	replayers = 64
	// replayRate is how many replays come in a second beside fresh traffic. Who
	// sends them shares the machine, and takes from it what the gateway takes.
	replayRate = 1_000
)

// captured is a genuine request that somebody saw on its way.
type captured struct {
	id, wire string
	// first is the answer that the real sender got.
	first   answer
	sent    atomic.Int64
	answers tally
}

// TestPromise4AReplayedRequestIsDeliveredOnce sends what was captured again from
// many connections, in windows beside fresh traffic, and what is left of the
// number without a pause.
func TestPromise4AReplayedRequestIsDeliveredOnce(t *testing.T) {
	source := "receive_webhooks /signed custom {\n name signed" + quote("secret", aSecret) + hmacBlock(
		"header Stripe-Signature", "signature v1=", "timestamp t=", `signed "{timestamp}.{body}"`, "tolerance 24h",
	) + "\n event_type body.type\n event_id body.id\n}"
	for name, capture := range map[string]func() *captured{"with a signature and a timestamp": signedCapture, "with a token": tokenCapture} {
		t.Run(name, func(t *testing.T) {
			crm := newBackend(t, nil)
			g := newGateway(t, "")
			g.writeSite(t, "backend crm "+crm.URL+"\ndefault crm", source)
			g.start()
			h := &honest{g: g, every: 10 * time.Millisecond}
			c := capture()
			c.arrive(t, h)
			seen := h.besides(t, sized(1, 3, 10), sized(time.Second/2, 8*time.Second, 30*time.Second), func(ctx context.Context) {
				c.replay(ctx, t, g, replayRate, 0)
			})
			paced, begun := c.sent.Load(), time.Now()
			c.replay(t.Context(), t, g, 0, sized[int64](3_000, 100_000, 1_000_000))
			speed := float64(c.sent.Load()-paced) / time.Since(begun).Seconds()
			seen.judge(t)
			c.answers.among(t, []int{200})
			if n := everythingArrives(t, &h.ledger, crm, time.Minute); n > 0 {
				t.Errorf("%d events were delivered again", n)
			}
			report(t, result{
				Fault: "replays of a genuine request " + name,
				How:   fmt.Sprintf("from %d connections, %d a second beside fresh traffic, the rest without a pause (%.0f a second)", replayers, replayRate, speed),
				Tried: fmt.Sprintf("%d replays, %d of them beside fresh traffic; answered %s", c.sent.Load(), paced, &c.answers),
				Found: fmt.Sprintf("%d delivery; %s", len(crm.delivered()[c.id]), &seen),
			})
		})
	}
}

func signedCapture() *captured {
	m := &message{method: "POST", path: "/signed", header: [][2]string{{"Content-Type", "application/json"}}}
	m.body = `{"id":"captured-signed","type":"invoice.paid","data":{"amount":1000}}`
	stripe := signatures()[2]
	stripe.prove(m, signing{secret: stripe.secret, ts: strconv.FormatInt(time.Now().Unix(), 10), algorithm: "sha256"})
	return &captured{id: "captured-signed", wire: m.wire()}
}

func tokenCapture() *captured {
	body := `{"id":"captured-token","type":"COURSE_COMPLETED","data":{"user":{"id":1},"course":{"id":2}}}`
	return &captured{id: "captured-token", wire: string(put(genuine, "", body))}
}

// arrive is how the real sender sends it, before anybody sends it again.
func (c *captured) arrive(t *testing.T, h *honest) {
	t.Helper()
	var err error
	c.first, err = h.g.wire().send(c.wire)
	if err != nil || c.first.status != 202 {
		t.Fatalf("the captured request itself was answered %d: %v", c.first.status, err)
	}
	h.ledger.note(c.id, c.first.status)
}

// replay sends it until the context ends, or until it was sent upTo times where
// that isn't 0; at a rate where that isn't 0.
func (c *captured) replay(ctx context.Context, t *testing.T, g *gateway, rate int, upTo int64) {
	var connections sync.WaitGroup
	for i := range replayers {
		connections.Go(func() {
			w := &wire{g: g}
			defer w.close()
			next := time.Now()
			if rate > 0 {
				next = next.Add(time.Duration(i) * time.Second / time.Duration(rate))
			}
			for ctx.Err() == nil && (upTo == 0 || c.sent.Load() < upTo) {
				time.Sleep(time.Until(next))
				if rate > 0 {
					next = next.Add(replayers * time.Second / time.Duration(rate))
				}
				c.sent.Add(1)
				got, err := w.send(c.wire)
				c.answers.add(got.status)
				if err != nil || got.status == 200 && got.body != c.duplicate() {
					t.Errorf("a replay was answered %d %q, %v", got.status, got.body, err)
					return
				}
			}
		})
	}
	connections.Wait()
}

// duplicate is what a replay is answered: the first one's id, and that it was there.
func (c *captured) duplicate() string {
	return strings.TrimSuffix(c.first.body, "}") + `,"duplicate":true}`
}
