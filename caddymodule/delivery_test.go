package caddymodule_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// eager is a backend that retries soon, so that tests need not wait.
func eager(name, url string) string {
	return fmt.Sprintf("backend %s %s {\n backoff 20ms 100ms\n timeout 300ms\n}\n", name, url)
}

func TestPromise4AnEventOf64ClientsAtOnceIsKeptOnceAndForwardedOnce(t *testing.T) {
	crm := newBackend(t)
	s := serve(t, "backend crm "+crm.URL+"\ndefault crm", knolyxSite)
	const ids, clients = 1000, 64
	var fresh, duplicates [ids]atomic.Int32
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for i := range ids {
				res, err := s.trySend(knolyx(fmt.Sprint("k-", i)))
				switch {
				case err != nil:
					t.Error(err)
				case res.status == http.StatusAccepted:
					fresh[i].Add(1)
				case res.status == http.StatusOK:
					duplicates[i].Add(1)
				default:
					t.Errorf("answered %d", res.status)
				}
			}
		})
	}
	wg.Wait()
	for i := range ids {
		if fresh[i].Load() != 1 || duplicates[i].Load() != clients-1 {
			t.Fatalf("event %d: %d times new, %d times duplicate", i, fresh[i].Load(), duplicates[i].Load())
		}
	}
	crm.wait(t, ids)
	seen := make(map[string]int)
	for _, r := range crm.received() {
		seen[r.event.ID]++
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s was delivered %d times", id, n)
		}
	}
	if len(seen) != ids {
		t.Errorf("%d events were delivered, not %d", len(seen), ids)
	}
}

func TestPromise8ASickBackendGetsEverythingLaterAndDelaysNoOther(t *testing.T) {
	status := func(code int) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	sick := map[string]func(http.ResponseWriter, *http.Request){
		"answers 503": status(http.StatusServiceUnavailable),
		"answers 410": status(http.StatusGone),
		"answers 400": status(http.StatusBadRequest),
		"hangs":       func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done(); panic(http.ErrAbortHandler) },
		"resets":      func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"redirects": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
		"asks to wait": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusTooManyRequests)
		},
		"isn't healthy": status(http.StatusInternalServerError),
	}
	for name, behaviour := range sick {
		t.Run(name, func(t *testing.T) {
			crm, billing := newBackend(t), newBackend(t)
			crm.behave(behaviour)
			s := serve(t, eager("crm", crm.URL)+eager("billing", billing.URL)+"rule all `true` crm billing", knolyxSite)
			const n = 20
			for i := range n {
				if res := s.send(knolyx(fmt.Sprint("k-", i))); res.status != http.StatusAccepted {
					t.Fatalf("answered %d", res.status)
				}
			}
			begun := time.Now()
			billing.wait(t, n)
			if late := time.Since(begun); late > 3*time.Second {
				t.Errorf("the healthy backend had its events after %s", late)
			}
			if got := len(crm.received()); got != 0 {
				t.Fatalf("the sick backend took %d", got)
			}
			crm.behave(nil)
			seen := make(map[string]bool)
			for _, r := range crm.wait(t, n) {
				if seen[r.event.ID] {
					t.Errorf("%s came twice", r.event.ID)
				}
				seen[r.event.ID] = true
			}
		})
	}
}

func TestDeliveriesOfOneStudentGoInOrder(t *testing.T) {
	crm := newBackend(t)
	var first atomic.Bool
	crm.behave(func(w http.ResponseWriter, _ *http.Request) {
		// The very first attempt fails; what comes after it must wait.
		if first.CompareAndSwap(false, true) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	s := serve(t, "backend crm "+crm.URL+" {\n backoff 20ms 100ms\n order_by `data.student.id`\n}\ndefault crm", knolyxSite)
	const n = 30
	for i := range n {
		s.send(knolyx(fmt.Sprintf("k-%02d", i)))
	}
	for i, r := range crm.wait(t, n) {
		if want := fmt.Sprintf("k-%02d", i); r.event.ID != want {
			t.Fatalf("event %d was %s, not %s", i, r.event.ID, want)
		}
	}
}

func TestUndeliveredEventsGoOnAfterARestart(t *testing.T) {
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	gateway := eager("crm", crm.URL) + "default crm"
	s := serve(t, gateway, knolyxSite)
	const n = 50
	for i := range n {
		s.send(knolyx(fmt.Sprint("k-", i)))
	}
	s.stop()
	crm.behave(nil)
	s.load(gateway, knolyxSite)
	crm.wait(t, n)
	if res := s.send(knolyx("k-0")); res.status != http.StatusOK {
		t.Errorf("a duplicate after the restart was answered %d", res.status)
	}
	time.Sleep(200 * time.Millisecond) // a repeat would come within this
	if got := len(crm.received()); got != n {
		t.Errorf("%d deliveries, not %d", got, n)
	}
}
