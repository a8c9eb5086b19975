package badgerstore

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/storetest"
)

// TestMain gives all tests generations of eight events, so that each of them
// goes through several; benchmarks have them as they are.
func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		generationBits = 3
	}
	if dir := os.Getenv(crashDir); dir != "" {
		keepUntilKilled(dir)
	}
	// Badger leaves these two behind when it refuses to open a damaged table.
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("github.com/dgraph-io/badger/v4.(*DB).monitorCache"),
		goleak.IgnoreTopFunction("github.com/dgraph-io/ristretto/v2/z.(*AllocatorPool).freeupAllocators"))
}

func TestBadgerstoreKeepsEveryPromiseOfAStore(t *testing.T) {
	storetest.Run(t, openAt)
	storetest.RunWatched(t, openAt)
}

func openAt(t *testing.T, dir string) store.Store {
	t.Cleanup(func() { mustBeSound(t, dir) }) // after it was closed
	return open(t, Options{Path: dir})
}

var (
	ctx   = context.Background()
	start = time.Date(2026, 11, 21, 2, 27, 0, 0, time.UTC)
)

// open opens a store that is closed when the test ends.
func open(t testing.TB, o Options) *Store {
	t.Helper()
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newEvent(id string, size int) *event.Event {
	return &event.Event{ID: id, Source: "knolyx", Request: event.Request{
		Method: "POST", Body: bytes.Repeat([]byte("x"), size), Received: start,
	}}
}

// keep keeps an event under its id, which must be new.
func keep(t testing.TB, s *Store, id string, size int) *event.Event {
	t.Helper()
	ev := newEvent(id, size)
	k, err := s.Keep(ctx, ev, store.Dedupe{Key: id, Window: time.Hour})
	must(t, err)
	if k.Duplicate {
		t.Fatalf("%s is new, but became a duplicate", id)
	}
	return ev
}

// route sends an event to crm, ordered by a value, with a transform of a size.
func route(s *Store, ev *event.Event, order string, size int) error {
	r := routingOf(ev, start, size)
	r.Deliveries[0].OrderKey = order
	return s.Route(ctx, []store.Routing{r})
}

// routingOf sends an event to crm with a transform of a size.
func routingOf(ev *event.Event, at time.Time, size int) store.Routing {
	return store.Routing{
		Seq: ev.Seq, Outcome: event.Outcome{State: event.Routed, At: at, Backends: []string{"crm"}},
		Deliveries: []*event.Delivery{{
			Seq: ev.Seq, Backend: "crm", EventID: ev.ID, Source: ev.Source, State: event.Waiting,
			Data: bytes.Repeat([]byte("x"), size), Created: at, Due: at, Since: at,
		}},
	}
}

// deliver leases the next delivery to crm and records it as delivered.
func deliver(t testing.TB, s *Store) *event.Delivery {
	t.Helper()
	ds, _, err := s.Lease(ctx, "crm", start, 1, 0)
	must(t, err)
	if len(ds) != 1 {
		t.Fatalf("leased %d, want 1", len(ds))
	}
	ds[0].State, ds[0].Finished = event.Delivered, start
	must(t, s.Record(ctx, ds[0]))
	return ds[0]
}

// logged collects what a store logs.
type logged struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }
