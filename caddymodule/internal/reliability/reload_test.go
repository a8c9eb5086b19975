package reliability

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestPromise7AReloadGoodOrBadDropsAndRepeatsNothing reloads the real binary
// under 500 events a second, every other time with a config that fails, and moves
// its store in the middle. At the end it comes back to the first store, where
// what the move left waiting goes on.
func TestPromise7AReloadGoodOrBadDropsAndRepeatsNothing(t *testing.T) {
	reloads := sized(10, 60, 1800)
	every := sized(250*time.Millisecond, time.Second, time.Second)
	crm := newBackend(t, nil)
	r := &reloaded{sofar: newProgress(t, reloads, "reloads"), backends: fmt.Sprintf("backend crm %s {\n timeout 30s\n}\ndefault crm", crm.URL)}
	r.gateway = newGateway(t, r.backends)
	clients := r.overTCP()
	r.start()
	first := r.store
	r.underLoad(0, reloads/5, every) // fills caches
	early := r.quiet(crm)
	r.underLoad(reloads/5, reloads/2, every)
	r.store = filepath.Join(r.dir, "moved")
	r.underLoad(reloads/2, reloads, every)
	r.settled() // for what waits in a store waits until it is in use again
	r.store = first
	r.once(0)
	if repeated := everythingArrives(t, &r.ledger, crm, time.Minute); repeated > 0 {
		t.Errorf("%d events were delivered twice", repeated)
	}
	if s := r.settled(); !s.AddsUp {
		t.Errorf("the counts don't add up: %+v", s)
	}
	late := r.quiet(crm)
	if late.goroutines > early.goroutines+8 || late.files > early.files+8 || late.memory > early.memory+64 {
		t.Errorf("it grows from %s to %s", early, late)
	}
	sent := len(r.ledger.answers)
	report(t, result{
		Fault: "reloads", How: fmt.Sprintf("one each %s under %.0f events/s, every other one invalid, the store moved once", every, float64(sent)/r.loaded.Seconds()),
		Tried: fmt.Sprintf("%d reloads, %d requests", reloads, sent),
		Found: fmt.Sprintf("%d requests without their 2xx, 0 lost or repeated; %d met a connection that the old server closed, were not begun, and were taken on a new one; first %s, at the end %s",
			r.unanswered.Load(), clients.again.Load(), early, late),
	})
}

// reloaded is a gateway that is reloaded under load.
type reloaded struct {
	*gateway
	sofar    *progress
	backends string
	ledger   senderLedger
	// unanswered counts requests that were not answered 202: each is of a new
	// event, so that 200 would mean that it was handled before and the answer lost.
	unanswered atomic.Int32
	loaded     time.Duration // how long events came
	address    string
}

// underLoad makes the reloads of these numbers while events come.
func (r *reloaded) underLoad(from, to int, every time.Duration) {
	r.t.Helper()
	stop := r.sendAtPace(500, from)
	begun := time.Now()
	defer func() {
		r.loaded += time.Since(begun)
		stop()
	}()
	for i := from; i < to; i++ {
		r.sofar.reached(i)
		time.Sleep(every)
		r.once(i)
	}
}

// once reloads: an even time with a good config, else with one that fails when it
// is adapted, when it is provisioned, or when another app can't start.
func (r *reloaded) once(i int) {
	r.t.Helper()
	backends := fmt.Sprintf("%s\nretention %dd", r.backends, 1+i%90)
	if i%6 == 1 {
		backends += "\nrule broken `typ` crm"
	}
	text := r.tcp(r.caddyfile(backends))
	switch i % 6 {
	case 3:
		text += "http://other {\n receive_webhooks /other knolyx {\n name other\n token {env.PORTERSLODGE_NOT_SET}\n }\n}\n"
	case 5:
		text += "http://other {\n bind unix//no/such/folder/socket\n}\n"
	}
	if err := os.WriteFile(r.file, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := r.reload(); (err == nil) != (i%2 == 0) {
		r.t.Errorf("reload %d: %v", i, err)
	}
}

// sendAtPace sends new events until stop, which waits for the last answers.
func (r *reloaded) sendAtPace(perSecond, phase int) (stop func()) {
	const senders = 16
	done := make(chan struct{})
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			pace := time.NewTicker(senders * time.Second / time.Duration(perSecond))
			defer pace.Stop()
			for i := 0; ; i++ {
				select {
				case <-done:
					return
				case <-pace.C:
				}
				if status, _ := r.ledger.send(r.gateway, fmt.Sprintf("r-%d-%d-%d", phase, sender, i)); status != http.StatusAccepted {
					r.unanswered.Add(1)
					r.t.Errorf("r-%d-%d-%d was answered %d", phase, sender, i, status)
				}
			}
		})
	}
	return func() { close(done); all.Wait() }
}

// again is a sender's HTTP client. A server that is replaced closes its idle
// connections, one of which may be getting a request, and those whose request it
// hasn't begun: where a connection ends without any answer, the request goes out
// again on a new one, soon, as the old server may still be closing. Whether it had
// begun the request the answer then tells: its event is no longer new.
type again struct {
	*http.Transport
	fresh *http.Transport
	again atomic.Int32
}

func (a *again) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := a.Transport.RoundTrip(req)
	for pause := 10 * time.Millisecond; err != nil && req.GetBody != nil && pause < time.Second; pause *= 2 {
		a.again.Add(1)
		once := req.Clone(req.Context())
		if once.Body, err = req.GetBody(); err != nil {
			return nil, err
		}
		time.Sleep(pause)
		res, err = a.fresh.RoundTrip(once)
	}
	return res, err
}

// overTCP has the site listen where most do. On a Unix socket Caddy 2.11.9 can't
// be reloaded any more after a config whose apps failed to start: it goes on to
// copy that config's listener, which is closed.
func (r *reloaded) overTCP() *again {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		r.t.Fatal(err)
	}
	r.address = free.Addr().String()
	_ = free.Close()
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", r.address)
	}
	a := &again{
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DialContext: dial},
		fresh:     &http.Transport{DisableKeepAlives: true, DialContext: dial},
	}
	r.t.Cleanup(a.CloseIdleConnections)
	r.site.Transport = a
	if err := os.WriteFile(r.file, []byte(r.tcp(r.caddyfile(r.backends))), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return a
}

func (r *reloaded) tcp(text string) string {
	_, port, _ := net.SplitHostPort(r.address)
	return strings.Replace(text, "http:// {\n\tbind unix/"+r.dir+"/site", "http://:"+port+" {\n\tbind 127.0.0.1", 1)
}
