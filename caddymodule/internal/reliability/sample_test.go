package reliability

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// sample is a store with events in each state that lasts, as a stop and as a kill
// left it, and what there is to know of it.
type sample struct {
	*gateway
	t               *testing.T
	stopped, killed string
	crm, billing    *bodies
	// events are ids; those that begin with d are delivered to the CRM, those with
	// w wait for billing, and those with u are unrouted.
	events      []string
	quarantined int
	// delivered is what is right to deliver of each.
	delivered map[string][]byte
	copies    int
}

// bodies is a backend's ledger of whole deliveries.
type bodies struct {
	*backendLedger
	mu sync.Mutex
	of map[string][][]byte
}

func newBodies(t *testing.T, status int) *bodies {
	b := &bodies{of: make(map[string][][]byte)}
	b.backendLedger = newBackend(t, func(w http.ResponseWriter, r *http.Request) bool {
		if status/100 != 2 {
			w.WriteHeader(status)
			return true
		}
		body, _ := io.ReadAll(r.Body)
		id := strings.TrimPrefix(r.Header.Get("Idempotency-Key"), "knolyx:")
		b.mu.Lock()
		defer b.mu.Unlock()
		b.of[id] = append(b.of[id], body)
		w.WriteHeader(status)
		return true
	})
	return b
}

func (b *bodies) got() map[string][][]byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := make(map[string][][]byte, len(b.of))
	for id, all := range b.of {
		c[id] = slices.Clone(all)
	}
	return c
}

func newSample(t *testing.T) *sample {
	s := &sample{gateway: newGateway(t, ""), t: t, quarantined: 10, delivered: make(map[string][]byte)}
	s.stopped, s.killed = filepath.Join(s.dir, "stopped"), filepath.Join(s.dir, "killed")
	for i := range 30 {
		s.events = append(s.events, fmt.Sprint("d-", i), fmt.Sprint("w-", i))
		if i%5 == 0 {
			s.events = append(s.events, fmt.Sprint("u-", i))
		}
	}
	s.fill()
	for _, from := range []string{s.stopped, s.killed} {
		found := s.open(s.copyOf(from))
		for id, all := range s.billing.got() {
			s.delivered[id] = all[0]
		}
		if found.refusal != "" || found.differs() || found.errors != "" || !found.sound {
			t.Fatalf("an undamaged store isn't whole: %s", found)
		}
	}
	return s
}

// fill makes the store, and keeps what the CRM got.
func (s *sample) fill() {
	s.t.Helper()
	s.backends(http.StatusNoContent, http.StatusServiceUnavailable)
	s.start()
	var sending sync.WaitGroup
	for i, id := range s.events {
		sending.Go(func() {
			body := fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","data":{"user":{"id":9007199254740993,"email":"ana@example.org"},"course":{"id":12,"name":%q}}}`, id, strings.Repeat(id, 20+40*(i%4)))
			if status, _ := s.put(body, "a-token"); status != http.StatusAccepted {
				s.t.Errorf("%s was answered %d", id, status)
			}
		})
	}
	for i := range s.quarantined {
		sending.Go(func() { s.put(fmt.Sprintf(`{"id":"q-%d"}`, i), "wrong") })
	}
	sending.Wait()
	s.until(20*time.Second, "the CRM has its events, billing was tried", func() bool {
		st, err := s.standing()
		return err == nil && st.Events.Waiting == 0 && st.of("crm").Waiting == 0 && st.of("billing").Retrying > 0
	})
	for id, all := range s.crm.got() {
		s.delivered[id] = all[0]
	}
	s.kill()
	s.copy(s.store, s.killed)
	s.start()
	s.stop()
	s.copy(s.store, s.stopped)
}

// backends gives the Caddyfile new backends, with nothing in their ledgers.
func (s *sample) backends(crm, billing int) {
	s.crm, s.billing = newBodies(s.t, crm), newBodies(s.t, billing)
	s.write(fmt.Sprintf(`backend crm %s
		backend billing %s {
			backoff 100ms 100ms
		}
		rule delivered `+"`id startsWith \"d\"`"+` crm
		rule waiting `+"`id startsWith \"w\"`"+` billing`, s.crm.URL, s.billing.URL))
}

func (s *sample) copyOf(from string) string {
	s.copies++
	to := filepath.Join(s.dir, fmt.Sprint("copy", s.copies))
	s.copy(from, to)
	return to
}

func (s *sample) copy(from, to string) {
	s.t.Helper()
	if out, err := exec.Command("cp", "-R", "--sparse=always", from, to).CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}
