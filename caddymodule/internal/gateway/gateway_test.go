package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/clock/clocktest"
	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/badgerstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
	"github.com/porterslodge/porterslodge/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// crm is a backend that remembers which events it took.
type crm struct {
	mu     sync.Mutex
	status int
	got    []string
}

func (c *crm) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.Copy(io.Discard, r.Body)
	if c.status/100 == 2 {
		c.got = append(c.got, r.Header.Get("Idempotency-Key"))
	}
	return &http.Response{StatusCode: c.status, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
}

func (c *crm) answer(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

func (c *crm) received() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.got...)
}

// bench is an engine over a real store, with one backend.
type bench struct {
	*Engine
	t   *testing.T
	crm *crm
}

func newBench(t *testing.T) *bench {
	t.Helper()
	s, err := badgerstore.Open(badgerstore.Options{Path: t.TempDir(), Reserve: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return benchOver(t, s)
}

func benchOver(t *testing.T, s store.Store) *bench {
	return &bench{Engine: New(s, slog.New(slog.DiscardHandler)), t: t, crm: &crm{status: http.StatusNoContent}}
}

// config routes by the given rules, and by default to the CRM unless there are any.
func (b *bench) config(list ...rules.Rule) *Config {
	b.t.Helper()
	c := rules.Config{Rules: list, Backends: []string{"crm"}}
	if len(list) == 0 {
		c.Default = []string{"crm"}
	}
	set, err := rules.Compile(c)
	if err != nil {
		b.t.Fatal(err)
	}
	return &Config{
		Rules:      set,
		Backends:   []*Backend{{Backend: &delivery.Backend{Name: "crm", URL: "http://crm/events", Transport: b.crm}}},
		Sources:    map[string]*Source{},
		Retention:  Retention{Finished: DefaultFinished, Stuck: DefaultStuck},
		Quarantine: Quarantine{Age: DefaultQuarantineAge, Limit: 10},
	}
}

// source receives from a sender that sends the token t.
func (b *bench) source(name string) *Source {
	b.t.Helper()
	s, err := sender.New(name, sender.Options{})
	if err != nil {
		b.t.Fatal(err)
	}
	v, err := verify.NewURLToken([]string{"t"})
	if err != nil {
		b.t.Fatal(err)
	}
	return &Source{Name: name, Sender: s, Verifier: v}
}

func (b *bench) accept(src *Source, token, body string) Answer {
	b.t.Helper()
	now := clock.Now()
	r := &event.Request{
		Method: http.MethodPost, Header: http.Header{"Content-Type": {"application/json"}, "Sent": {now.Format(time.RFC3339Nano)}},
		Body: []byte(body), Received: now.Truncate(time.Millisecond),
	}
	a, err := b.Accept(context.Background(), src, r, &verify.Request{Header: r.Header, Body: r.Body, Token: token, Now: now})
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

func (b *bench) counts() store.Counts {
	b.t.Helper()
	c, err := b.Counts(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

// settle waits until nothing waits to be routed or delivered.
func (b *bench) settle() store.Counts {
	b.t.Helper()
	for range 2000 {
		c := b.counts()
		if c.Events.Waiting == 0 && c.Backends["crm"].Waiting == 0 {
			return c
		}
		time.Sleep(5 * time.Millisecond)
	}
	b.t.Fatalf("it never settles: %+v", b.counts())
	return store.Counts{}
}

func (b *bench) close() {
	b.t.Helper()
	if err := b.Close(); err != nil {
		b.t.Error(err)
	}
}

func course(id string) string {
	return fmt.Sprintf(`{"id":%q,"type":"COURSE_COMPLETED","data":{"user":{"id":7},"course":{"id":12}}}`, id)
}

func TestPromise3CountsAddUp(t *testing.T) {
	b := newBench(t)
	defer b.close()
	defer b.Attach(b.config(
		rules.Rule{Name: "courses", When: `type == "course.completed"`, To: []string{"crm"}},
		rules.Rule{Name: "bundles", When: `sender_type == "DROP_ME"`, Drop: true},
	))()
	src := b.source("knolyx")
	for i := range 5 {
		b.accept(src, "t", course(fmt.Sprint("k-", i)))
	}
	b.accept(src, "t", course("k-0"))                       // duplicate
	b.accept(src, "x", course("k-9"))                       // quarantined
	b.accept(src, "t", `{"id":"d","type":"DROP_ME"}`)       // dropped
	b.accept(src, "t", `{"id":"u","type":"UNKNOWN_THING"}`) // unrouted
	b.accept(src, "t", `{"id":"p","type":"PING"}`)          // done
	b.accept(src, "t", `not JSON`)                          // invalid
	b.Refuse(src, "for the test")

	c := b.settle()
	if want := (store.Requests{New: 9, Duplicate: 1, Quarantined: 1, Refused: 1}); c.Sources["knolyx"] != want {
		t.Errorf("requests %+v, not %+v", c.Sources["knolyx"], want)
	}
	if want := (store.Events{Routed: 7, Unrouted: 1, Invalid: 1}); c.Events != want {
		t.Errorf("events %+v, not %+v", c.Events, want)
	}
	if want := (store.Deliveries{Delivered: 5}); c.Backends["crm"] != want {
		t.Errorf("deliveries %+v, not %+v", c.Backends["crm"], want)
	}
	if got := len(b.crm.received()); got != 5 {
		t.Errorf("the CRM got %d", got)
	}
}

func TestPromise5AForgedRequestNeitherMakesAnEventNorADuplicate(t *testing.T) {
	b := newBench(t)
	defer b.close()
	defer b.Attach(b.config())()
	src := b.source("knolyx")
	if a := b.accept(src, "forged", course("k-1")); a.Verdict != Quarantined || a.ID != "k-1" {
		t.Fatalf("the forged one: %+v", a)
	}
	if a := b.accept(src, "t", course("k-1")); a.Verdict != Kept {
		t.Fatalf("the genuine one after it: %+v", a)
	}
	if a := b.accept(src, "forged", course("k-1")); a.Verdict != Quarantined {
		t.Fatalf("the forged one after that: %+v", a)
	}
	b.settle()
	if got := b.crm.received(); len(got) != 1 {
		t.Errorf("the CRM got %v", got)
	}
}

func TestARuleThatFailsLosesNothingAndSaysWhy(t *testing.T) {
	b := newBench(t)
	defer b.close()
	defer b.Attach(b.config(
		rules.Rule{Name: "fails", When: `int(original.type) > 1`, To: []string{"crm"}},
		rules.Rule{Name: "matches", When: `true`, To: []string{"crm"}},
	))()
	b.accept(b.source("knolyx"), "t", course("k-1"))
	b.settle()
	ev, err := b.store.Event(context.Background(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if ev.Outcome.State != event.Unrouted || len(ev.Outcome.Reasons) != 1 || !strings.Contains(ev.Outcome.Reasons[0], "fails") {
		t.Errorf("outcome %+v", ev.Outcome)
	}
	if strings.Contains(strings.Join(ev.Outcome.Reasons, " "), "COURSE") {
		t.Errorf("the reason holds a value of the payload: %v", ev.Outcome.Reasons)
	}
}

// TestThreeHundredRetriesInThreeDaysAreOneForward lets the three days of
// Edvisor's retries pass, over a real store: minutes of them on a virtual clock,
// the rest by setting the clock on, as Badger looks round every 50 ms.
func TestThreeHundredRetriesInThreeDaysAreOneForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, day := newBench(t), clocktest.New(t)
		detach := b.Attach(b.config())
		src := b.source("edvisor")
		body := `{"object":"event","type":"student:update","created":"2026-11-21T02:27:00.123Z","data":{"object":{"studentId":7}}}`
		first := b.accept(src, "t", body)
		if first.Verdict != Kept {
			t.Fatalf("the first: %+v", first)
		}
		for i := range 300 {
			time.Sleep(time.Minute)
			day.Set(day.Ahead() + 72*time.Hour/300 - time.Minute)
			if a := b.accept(src, "t", body); a.Verdict != Duplicate || a.ID != first.ID {
				t.Fatalf("retry %d: %+v", i+1, a)
			}
		}
		b.settle()
		if got := b.crm.received(); len(got) != 1 {
			t.Errorf("%d forwards", len(got))
		}
		detach()
		b.close()
	})
}

func TestADeadBackendsDeliveriesEndDeadAndTheEventStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := benchOver(t, memstore.New())
		b.crm.answer(http.StatusServiceUnavailable)
		detach := b.Attach(b.config())
		b.accept(b.source("knolyx"), "t", course("k-1"))
		time.Sleep(73 * time.Hour)
		synctest.Wait()
		if got := b.counts().Backends["crm"]; got != (store.Deliveries{Dead: 1}) {
			t.Errorf("after 73 hours %+v", got)
		}
		time.Sleep(DefaultFinished)
		if _, err := b.store.Event(context.Background(), 1); err != nil {
			t.Errorf("it went with the finished events: %v", err)
		}
		time.Sleep(DefaultStuck)
		if _, err := b.store.Event(context.Background(), 1); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("it is still there after its own time: %v", err)
		}
		detach()
		b.close()
	})
}

func TestAConfigTakenBackLeavesTheOneBeforeInForce(t *testing.T) {
	b := newBench(t)
	defer b.close()
	first, second := b.config(), b.config(rules.Rule{Name: "all", When: `true`, Drop: true})
	detachFirst := b.Attach(first)
	b.Attach(second)()
	b.accept(b.source("knolyx"), "t", course("k-1"))
	b.settle()
	if got := b.crm.received(); len(got) != 1 {
		t.Errorf("the first config is not in force again: the CRM got %v", got)
	}
	detachFirst()
	if a := b.accept(b.source("knolyx"), "t", course("k-2")); a.Verdict != Kept {
		t.Errorf("without a config nothing is kept: %+v", a)
	}
}

func TestAClosedEngineTakesNobody(t *testing.T) {
	b := newBench(t)
	leave, ok := b.Enter()
	if !ok {
		t.Fatal("it is closed before")
	}
	closed := make(chan struct{})
	go func() {
		b.close()
		close(closed)
	}()
	select {
	case <-closed:
		t.Fatal("it closed over a request that was being received")
	case <-time.After(50 * time.Millisecond):
	}
	leave()
	<-closed
	if _, ok := b.Enter(); ok {
		t.Error("it takes a request after it closed")
	}
	b.close()
}
