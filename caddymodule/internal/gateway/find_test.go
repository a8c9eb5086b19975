package gateway

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
)

// found goes through all pages of a filter.
func (b *bench) found(f Filter, n int) (seqs []uint64) {
	b.t.Helper()
	for before := uint64(0); ; {
		p, err := b.Find(ctx, f, before, n)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(p.Events) > n {
			b.t.Fatalf("a page of %d has %d", n, len(p.Events))
		}
		for _, s := range p.Events {
			seqs = append(seqs, s.Seq)
		}
		if before = p.Next; before == 0 {
			return seqs
		}
	}
}

func TestEventsAreFoundByWhateverIsKnownOfThem(t *testing.T) {
	b := newBench(t)
	defer b.close()
	defer b.Attach(b.config())()
	begin := time.Now()
	v7 := uuid.Must(uuid.NewV7()).String()
	b.accept(b.source("knolyx"), "t", course("k-1"))                                         // 1
	b.accept(b.source("knolyx"), "t", `{"id":"k-2","type":"COURSE_STARTED"`)                 // 2: not JSON
	b.accept(b.source("knolyx"), "t", strings.Replace(course(v7), `"id":12`, `"id":500`, 1)) // 3
	b.settle()
	for _, test := range []struct {
		Filter
		want []uint64
	}{
		{Filter{}, []uint64{3, 2, 1}},
		{Filter{Source: "knolyx"}, []uint64{3, 2, 1}},
		{Filter{Source: "synap"}, nil},
		{Filter{Type: "course.completed"}, []uint64{3, 1}},
		{Filter{Type: "course.*"}, []uint64{3, 1}},
		{Filter{Type: "course"}, nil},
		{Filter{State: event.Invalid}, []uint64{2}},
		{Filter{State: event.Routed}, []uint64{3, 1}},
		{Filter{State: event.Delivered, Backend: "crm"}, []uint64{3, 1}},
		{Filter{State: event.Delivered, Backend: "billing"}, nil},
		{Filter{Backend: "crm"}, []uint64{3, 1}},
		{Filter{ID: "k-1"}, []uint64{1}},
		{Filter{ID: v7}, []uint64{3}},
		{Filter{Since: begin.Add(-time.Second), Until: time.Now()}, []uint64{3, 2, 1}},
		{Filter{Since: time.Now().Add(time.Second)}, nil},
		{Filter{Until: begin.Add(-time.Second)}, nil},
		{Filter{Where: `data.course.id == "500"`}, []uint64{3}},
		{Filter{Where: `original.data.course.id < 100`}, []uint64{1}},
		{Filter{Where: `int(data.course.name) > 0`}, nil}, // fails for each, see below
	} {
		for _, n := range []int{1, 10} {
			if got := b.found(test.Filter, n); !slices.Equal(got, test.want) {
				t.Errorf("%+v by %d: found %v, want %v", test.Filter, n, got, test.want)
			}
		}
	}
	if p, err := b.Find(ctx, Filter{Where: `int(data.course.name) > 0`}, 0, 10); err != nil || p.Untold == 0 {
		t.Errorf("it isn't told that the condition fails: %+v %v", p, err)
	}
	for _, bad := range []Filter{{State: "gone"}, {Type: "["}, {Where: `typ == "x"`}, {Where: `1 +`}} {
		if _, err := b.Find(ctx, bad, 0, 10); !errors.Is(err, ErrFilter) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// many keeps events that were received a second apart, and routes them.
func (b *bench) many(n int, begin time.Time) {
	b.t.Helper()
	for i := range n {
		ev := &event.Event{ID: fmt.Sprint("e-", i+1), Source: "s", Request: event.Request{
			Received: begin.Add(time.Duration(i) * time.Second), Body: []byte("{}"),
		}}
		if _, err := b.store.Keep(ctx, ev, store.Dedupe{}); err != nil {
			b.t.Fatal(err)
		}
		r := store.Routing{Seq: ev.Seq, Outcome: event.Outcome{State: event.Routed, At: ev.Request.Received}}
		if err := b.store.Route(ctx, []store.Routing{r}); err != nil {
			b.t.Fatal(err)
		}
	}
}

func TestAPageIsShortRatherThanTheLookForItLong(t *testing.T) {
	b := benchOver(t, memstore.New())
	defer b.close()
	begin := time.Now().Add(-24 * time.Hour)
	b.many(lookAt+100, begin)
	p, err := b.Find(ctx, Filter{ID: "e-1"}, 0, 10)
	if err != nil || len(p.Events) != 0 || p.Next == 0 {
		t.Fatalf("found %d, next %d, %v", len(p.Events), p.Next, err)
	}
	if got := b.found(Filter{ID: "e-1"}, 10); !slices.Equal(got, []uint64{1}) {
		t.Errorf("going on found %v", got)
	}
	// A time is found by halves: the first page has it.
	at := begin.Add(100 * time.Second)
	p, err = b.Find(ctx, Filter{Since: at, Until: at.Add(time.Second)}, 0, 10)
	if err != nil || len(p.Events) != 2 || p.Events[0].ID != "e-102" || p.Events[1].ID != "e-101" {
		t.Errorf("found %d, %v", len(p.Events), err)
	}
}

var finished = flag.Int("finished", 20_000, "how many finished events the store holds when it is asked for the newest")

// TestManyFinishedEventsSlowNoFirstPage holds, with -finished=1000000, what an
// operator was promised.
func TestManyFinishedEventsSlowNoFirstPage(t *testing.T) {
	b := newBench(t)
	defer b.close()
	const writers = 256
	b.fill(*finished, writers)
	for name, ask := range map[string]func() error{
		"events": func() error { _, err := b.Find(ctx, Filter{}, 0, 20); return err },
		"dead":   func() error { _, err := b.Find(ctx, Filter{State: event.Dead}, 0, 20); return err },
		"oldest page of a time": func() error {
			_, err := b.Find(ctx, Filter{Until: time.Now().Add(-time.Hour)}, 0, 20)
			return err
		},
		"waiting": func() error { _, err := b.Find(ctx, Filter{State: event.Waiting}, 0, 20); return err },
		"status":  func() error { _, err := b.Status(ctx); return err },
	} {
		began := time.Now()
		if err := ask(); err != nil {
			t.Fatal(err)
		}
		took := time.Since(began)
		t.Logf("%s of %d finished events: %s", name, *finished, took)
		if took > 100*time.Millisecond {
			t.Errorf("%s took %s", name, took)
		}
	}
}

// fill writes finished events, each with one delivery, by many at once.
func (b *bench) fill(n, writers int) {
	b.t.Helper()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w; i < n && !b.t.Failed(); i += writers {
				if err := b.finish(fmt.Sprint("e-", i), time.Now().UTC()); err != nil {
					b.t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

func (b *bench) finish(id string, at time.Time) error {
	ev := &event.Event{ID: id, Source: "s", Request: event.Request{Received: at, Body: make([]byte, 1000)}}
	if _, err := b.store.Keep(ctx, ev, store.Dedupe{Key: id, Window: time.Hour}); err != nil {
		return err
	}
	err := b.store.Route(ctx, []store.Routing{{
		Seq:     ev.Seq,
		Outcome: event.Outcome{State: event.Routed, At: at, Backends: []string{"crm"}},
		Deliveries: []*event.Delivery{{
			Seq: ev.Seq, Backend: "crm", EventID: id, Source: "s", State: event.Waiting, Created: at, Due: at, Since: at,
		}},
	}})
	if err != nil {
		return err
	}
	ds, _, err := b.store.Lease(ctx, "crm", time.Now(), 1, 0)
	for _, d := range ds {
		d.Add(event.Attempt{At: at, Status: 204})
		d.State, d.Finished = event.Delivered, at
		err = errors.Join(err, b.store.Record(ctx, d))
	}
	return err
}
