package caddymodule_test

import (
	"flag"
	"fmt"
	"net/http"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	reloads     = flag.Int("reloads", 12, "how many reloads to make under load, every other one of a bad config")
	reloadEvery = flag.Duration("reload-every", 50*time.Millisecond, "how long to wait between them")
)

// TestPromise7AReloadGoodOrBadDropsAndRepeatsNothing reloads under load, every
// other time with a config that fails: when it is adapted, when it is
// provisioned, or when another app can't start.
func TestPromise7AReloadGoodOrBadDropsAndRepeatsNothing(t *testing.T) {
	crm := newBackend(t)
	gateway := eager("crm", crm.URL) + "default crm"
	s := serve(t, gateway, knolyxSite)

	stop := make(chan struct{})
	var wg sync.WaitGroup
	var mu sync.Mutex
	var again atomic.Int32
	acknowledged := make(map[string]bool)
	for c := range 8 {
		wg.Go(func() {
			pace := time.NewTicker(8 * time.Second / 500) // 500/s of all
			defer pace.Stop()
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				case <-pace.C:
				}
				id := fmt.Sprintf("k-%d-%d", c, i)
				res, err := s.trySend(knolyx(id))
				for err != nil {
					// A server that is replaced closes its idle connections, one
					// of which may be getting a request: the sender comes again.
					again.Add(1)
					res, err = s.trySend(knolyx(id))
				}
				if res.status != http.StatusAccepted && res.status != http.StatusOK {
					t.Errorf("%s: answered %d %s", id, res.status, res.body)
					return
				}
				mu.Lock()
				acknowledged[id] = true
				mu.Unlock()
			}
		})
	}
	bad := [][2]string{
		{gateway + "\nrule broken `typ` crm", knolyxSite},
		{gateway, "receive_webhooks /knolyx knolyx {\n token {env.PORTERSLODGE_NOT_SET}\n}"},
		{gateway, knolyxSite + "\nbind unix//no/such/folder/socket"},
	}
	for i := range *reloads {
		if i%2 == 0 {
			s.load(fmt.Sprintf("%s\nretention %dd", gateway, i+1), knolyxSite)
		} else if b := bad[i/2%len(bad)]; s.tryLoad(b[0], b[1]) == nil {
			t.Errorf("reload %d was taken", i)
		}
		time.Sleep(*reloadEvery)
	}
	close(stop)
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	t.Logf("%d requests came again", again.Load())
	deliveredOnce(t, crm, acknowledged)
}

// deliveredOnce holds the sender's ledger against the backend's.
func deliveredOnce(t *testing.T, b *backend, acknowledged map[string]bool) {
	t.Helper()
	b.wait(t, len(acknowledged))
	times := make(map[string]int)
	for _, r := range b.received() {
		times[r.event.ID]++
	}
	for id := range acknowledged {
		if times[id] != 1 {
			t.Errorf("%s was answered 202 and delivered %d times", id, times[id])
		}
	}
	t.Logf("%d events", len(acknowledged))
}

func TestAReloadMayMoveTheStore(t *testing.T) {
	crm := newBackend(t)
	gateway := eager("crm", crm.URL) + "default crm"
	s := serve(t, gateway, knolyxSite)
	s.send(knolyx("k-1"))
	crm.wait(t, 1)
	moved := "store badger " + filepath.Join(s.dir, "moved") + " {\n reserve 128MiB\n}\n" + gateway
	s.load(moved, knolyxSite)
	if res := s.send(knolyx("k-1")); res.status != http.StatusAccepted {
		t.Errorf("the new store knows an event of the old one: %d", res.status)
	}
	s.load(gateway, knolyxSite)
	if res := s.send(knolyx("k-1")); res.status != http.StatusOK {
		t.Errorf("the old store forgot its event: %d", res.status)
	}
}
