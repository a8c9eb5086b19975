package caddymodule_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func init() { caddy.RegisterModule(new(ear)) }

// ear is a handler of Caddy's events app that writes down what it hears.
type ear struct{}

func (*ear) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.ear", New: func() caddy.Module { return new(ear) }}
}

func (*ear) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	return nil
}

var heard struct {
	sync.Mutex
	events []caddy.Event
	// slow holds up each handler until it is closed.
	slow chan struct{}
}

func (*ear) Handle(_ context.Context, e caddy.Event) error {
	heard.Lock()
	slow := heard.slow
	heard.events = append(heard.events, e)
	heard.Unlock()
	if slow != nil {
		<-slow
	}
	return nil
}

var _ caddyevents.Handler = (*ear)(nil)

const listening = `events {
	on dead_letter ear
	on quarantine_growing ear
	on backend_down ear
	on backend_up ear
	on store_low_on_space ear
	on event_id_reused ear
}`

// listen forgets what was heard before.
func listen(slow chan struct{}) {
	heard.Lock()
	defer heard.Unlock()
	heard.events, heard.slow = nil, slow
}

func hears(name string) []caddy.Event {
	heard.Lock()
	defer heard.Unlock()
	return slices.DeleteFunc(slices.Clone(heard.events), func(e caddy.Event) bool { return e.Name() != name })
}

// hear waits for an event and returns the data of its newest.
func hear(t *testing.T, name string, times int) map[string]any {
	t.Helper()
	soon(t, func() bool { return len(hears(name)) >= times }, func() string {
		return fmt.Sprintf("%s was heard %d times, not %d", name, len(hears(name)), times)
	})
	return hears(name)[times-1].Data
}

func is(t *testing.T, got, want map[string]any) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the data is %v, want %v", got, want)
	}
}

func TestAlarmsOfAttemptsUnderWayInAReloadAreTold(t *testing.T) {
	listen(nil)
	crm := newBackend(t)
	const attempts = 12
	var begun sync.WaitGroup
	begun.Add(attempts)
	let := make(chan struct{})
	crm.behave(func(w http.ResponseWriter, _ *http.Request) {
		begun.Done()
		<-let
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	gateway := fmt.Sprintf("backend crm %s {\n concurrency %d\n timeout 20s\n backoff 1h 1h\n retry_for 1ms\n}\ndefault crm", crm.URL, attempts)
	s := serve(t, gateway, knolyxSite)
	s.memory, s.globals = "under-way", listening
	s.load(gateway, knolyxSite)
	for i := range attempts {
		s.send(knolyx(fmt.Sprint("k-", i)))
	}
	begun.Wait()
	s.load(gateway+"\nretention 40d", knolyxSite)
	close(let)
	hear(t, "dead_letter", attempts)
	hear(t, "backend_down", 1)
}

func TestCaddysEventsTellWhatAnOperatorShouldHear(t *testing.T) {
	listen(nil)
	crm := newBackend(t)
	crm.behave(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) })
	gateway := "backend crm " + crm.URL + " {\n backoff 5ms 20ms\n retry_for 500ms\n}\ndefault crm"
	s := serve(t, gateway, knolyxSite)
	s.memory, s.globals = "events", listening
	s.load(gateway, knolyxSite)

	s.send(knolyx("k-1"))
	is(t, hear(t, "backend_down", 1), map[string]any{"backend": "crm", "failures": 10})
	dead := hear(t, "dead_letter", 1)
	if n, ok := dead["attempts"].(int); !ok || n < 10 {
		t.Errorf("dead after %v attempts", dead["attempts"])
	}
	delete(dead, "attempts")
	is(t, dead, map[string]any{"backend": "crm", "source": "knolyx", "event_id": "k-1", "status": 503})

	s.load(gateway+"\nretention 40d", knolyxSite) // it is the new config's app that tells the rest
	crm.behave(nil)
	s.send(knolyx("k-2"))
	is(t, hear(t, "backend_up", 1), map[string]any{"backend": "crm", "down_seconds": hear(t, "backend_up", 1)["down_seconds"]})

	s.send(with(knolyx("k-2"), func(r *request) { r.body = strings.Replace(r.body, "Botany", "Zoology", 1) }))
	is(t, hear(t, "event_id_reused", 1), map[string]any{"source": "knolyx", "event_id": "k-2", "requests": 1})
	s.send(knolyx("k-2"))

	for range 3 {
		s.send(with(knolyx("k-3"), func(r *request) { r.header["X-Webhook-Security-Token"] = "wrong" }))
	}
	is(t, hear(t, "quarantine_growing", 1), map[string]any{"source": "knolyx", "requests": 1})

	disk := memory(t, "events")
	disk.Trouble(nil, store.Measures{Free: 11, Reserve: 6})
	is(t, hear(t, "store_low_on_space", 1), map[string]any{"free_bytes": 11, "reserve_bytes": 6, "keeps_events": true})
	disk.Trouble(store.ErrLowSpace, store.Measures{Free: 5, Reserve: 6})
	is(t, hear(t, "store_low_on_space", 2), map[string]any{"free_bytes": 5, "reserve_bytes": 6, "keeps_events": false})
	for _, name := range []string{"quarantine_growing", "event_id_reused", "dead_letter", "backend_down"} {
		if n := len(hears(name)); n != 1 {
			t.Errorf("%s was told %d times", name, n)
		}
	}
}

func TestAStoreThatIsFullFromTheStartIsTold(t *testing.T) {
	listen(nil)
	s := serve(t, "", knolyxSite)
	s.globals = listening
	s.stop() // a reload would be refused
	s.load(s.noRoom(), knolyxSite)
	if told := hear(t, "store_low_on_space", 1); told["keeps_events"] != false {
		t.Errorf("the data is %v", told)
	}
}

func TestASlowHandlerOfEventsHoldsNothingUp(t *testing.T) {
	slow := make(chan struct{})
	listen(slow)
	defer listen(nil)
	defer close(slow)
	crm := newBackend(t)
	s := serve(t, eager("crm", crm.URL)+"default crm", knolyxSite)
	s.globals = listening
	s.load(eager("crm", crm.URL)+"default crm", knolyxSite)
	s.send(with(knolyx("k-1"), func(r *request) { r.header["X-Webhook-Security-Token"] = "wrong" }))
	hear(t, "quarantine_growing", 1) // and its handler goes on until the end

	begun := time.Now()
	for i := range 50 {
		s.send(knolyx(fmt.Sprint("k-", i)))
	}
	crm.wait(t, 50)
	s.load(eager("crm", crm.URL)+"default crm", knolyxSite+"\nrespond / 404")
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("with a handler that hangs it took %s", took)
	}
}

// told is all that the ear heard, as JSON.
func told(t *testing.T) string {
	t.Helper()
	heard.Lock()
	defer heard.Unlock()
	var all strings.Builder
	for _, e := range heard.events {
		if err := json.NewEncoder(&all).Encode(e.CloudEvent()); err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}
