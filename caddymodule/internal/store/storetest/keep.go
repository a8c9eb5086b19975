package storetest

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func oneKeyIsKeptOnce(b *bench) {
	const senders = 64
	kept := make([]store.Kept, senders)
	var all sync.WaitGroup
	for i := range senders {
		ev := b.event(start)
		all.Go(func() {
			var err error
			if kept[i], err = b.Keep(ctx, ev, store.Dedupe{Key: "same", Window: time.Hour}); err != nil {
				b.Error(err)
			}
		})
	}
	all.Wait()
	first := 0
	for _, k := range kept {
		if k.ID != kept[0].ID {
			b.Errorf("answered with ids %s and %s", kept[0].ID, k.ID)
		}
		if !k.Duplicate {
			first++
		}
	}
	waiting, err := b.Waiting(ctx, 0, senders)
	b.must(err)
	if first != 1 || len(waiting) != 1 {
		b.Errorf("%d were new and %d wait, want one", first, len(waiting))
	}
	want := store.Requests{New: 1, Duplicate: senders - 1}
	if got := b.counts().Sources["knolyx"]; got != want {
		b.Errorf("counted %+v, want %+v", got, want)
	}
}

func duplicatesLearnTheFirstID(b *bench) {
	first := b.kept(start)
	second := b.event(start.Add(time.Minute))
	k := b.keep(second, store.Dedupe{Key: first.ID, Window: time.Hour})
	if !k.Duplicate || k.ID != first.ID {
		b.Errorf("got %+v, want a duplicate of %s", k, first.ID)
	}
	if first.Seq != 1 || second.Seq != 0 {
		b.Errorf("got seq %d and %d, want 1 for the first and none for the duplicate", first.Seq, second.Seq)
	}
}

func windowsEnd(b *bench) {
	first := b.kept(start)
	d := store.Dedupe{Key: first.ID, Window: time.Hour}
	end := start.Add(time.Hour)
	if !b.keep(b.event(end.Add(-time.Millisecond)), d).Duplicate {
		b.Error("a millisecond before the end of the window it was new")
	}
	again := b.event(end)
	if k := b.keep(again, d); k.Duplicate || k.ID != again.ID {
		b.Errorf("at the end of the window: %+v", k)
	}
	if k := b.keep(b.event(end.Add(time.Minute)), d); !k.Duplicate || k.ID != again.ID {
		b.Errorf("in the second window: %+v, want a duplicate of %s", k, again.ID)
	}
}

func noWindowRemembersNothing(b *bench) {
	for range 2 {
		if b.keep(b.event(start), store.Dedupe{Key: "k"}).Duplicate {
			b.Error("a duplicate, though nothing is to be remembered")
		}
	}
	if b.keep(b.event(start), store.Dedupe{Key: "k", Window: time.Hour}).Duplicate {
		b.Error("a duplicate of what was not to be remembered")
	}
	if b.keep(b.event(start), store.Dedupe{Key: "k"}).Duplicate {
		b.Error("a duplicate, though its own window is 0")
	}
}

func emptyKeysAreNoDuplicates(b *bench) {
	for range 2 {
		if b.keep(b.event(start), store.Dedupe{Window: time.Hour}).Duplicate {
			b.Error("two events without a key were taken for one")
		}
	}
}

func keysAreScoped(b *bench) {
	d := store.Dedupe{Key: "k", Window: time.Hour}
	for _, source := range []string{"a", "ak", ""} {
		ev := b.event(start)
		ev.Source = source
		if b.keep(ev, d).Duplicate {
			b.Errorf("source %q has seen the key of another", source)
		}
	}
	ev := b.event(start)
	ev.Source = "a"
	if b.keep(ev, store.Dedupe{Key: "kk", Window: time.Hour}).Duplicate {
		b.Error("a name and a key ran into each other")
	}
}

func keysOutliveARestart(b *bench) {
	first := b.kept(start)
	b.restart()
	if k := b.keep(b.event(start), store.Dedupe{Key: first.ID, Window: time.Hour}); !k.Duplicate || k.ID != first.ID {
		b.Errorf("got %+v, want a duplicate of %s", k, first.ID)
	}
	second := b.kept(start)
	if second.Seq != 2 {
		b.Errorf("the second event has seq %d", second.Seq)
	}
	b.sameEvent(first)
}

func eventsComeBackWhole(b *bench) {
	whole := b.event(start)
	bare := &event.Event{ID: "bare", Source: "s", Request: event.Request{Received: start}}
	odd := b.event(start)
	odd.Time = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	odd.Request.Query = url.Values{"\xff": {"\xfe", ""}}
	odd.Request.Header = http.Header{"X-Odd": {"caf\xe9"}}
	odd.Request.Path = "\xc3\x28"
	odd.Request.Body = []byte("\x00\xff")
	for _, ev := range []*event.Event{whole, bare, odd} {
		b.keep(ev, store.Dedupe{Key: ev.ID, Window: time.Hour})
		b.sameEvent(ev)
	}
	b.restart()
	waiting, err := b.Waiting(ctx, 0, 10)
	b.must(err)
	if want := []*event.Event{whole, bare, odd}; !reflect.DeepEqual(waiting, want) {
		b.Errorf("got %+v\nwant %+v", waiting, want)
	}
}

// sameEvent checks that an event is in the store as it is here.
func (b *bench) sameEvent(want *event.Event) {
	b.Helper()
	got, err := b.Event(ctx, want.Seq)
	b.must(err)
	if !reflect.DeepEqual(got, want) {
		b.Errorf("got %+v\nwant %+v", got, want)
	}
}

func bodiesComeBackWhole(b *bench) {
	const chunk = 256 << 10
	noise := rand.NewChaCha8([32]byte{1})
	var all []*event.Event
	for _, size := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3 << 20, 20 << 20} {
		ev := b.event(start)
		ev.Request.Body = make([]byte, size)
		if _, err := noise.Read(ev.Request.Body); err != nil {
			b.Fatal(err)
		}
		b.keep(ev, store.Dedupe{Key: ev.ID, Window: time.Hour})
		all = append(all, ev)
	}
	b.restart()
	for _, want := range all {
		got, err := b.Event(ctx, want.Seq)
		b.must(err)
		if !bytes.Equal(got.Request.Body, want.Request.Body) {
			b.Errorf("a body of %d bytes came back with %d, or others", len(want.Request.Body), len(got.Request.Body))
		}
		b.must(b.Route(ctx, []store.Routing{routing(want, start, "")}))
	}
	if p := b.purge(store.Policy{Now: start.Add(time.Hour), Finished: time.Minute}); p.Finished != len(all) {
		b.Errorf("purged %+v, want %d", p, len(all))
	}
}

func eventsWaitInOrder(b *bench) {
	var want []uint64
	for range 20 {
		want = append(want, b.kept(start).Seq)
	}
	b.waiting(0, 100, want)
	b.waiting(0, 5, want[:5])
	b.waiting(5, 5, want[5:10])
	b.waiting(20, 5, nil)
	b.waiting(1<<64-1, 5, nil)
	for _, i := range []int{0, 3, 4} {
		b.must(b.Route(ctx, []store.Routing{routing(&event.Event{Seq: want[i]}, start, "")}))
	}
	rest := slices.Concat(want[1:3], want[5:])
	b.waiting(0, 100, rest)
	b.waiting(2, 2, rest[1:3])
	b.restart()
	b.waiting(0, 100, rest)
}

func (b *bench) waiting(after uint64, n int, want []uint64) {
	b.Helper()
	evs, err := b.Waiting(ctx, after, n)
	b.must(err)
	var got []uint64
	for _, ev := range evs {
		got = append(got, ev.Seq)
	}
	if !slices.Equal(got, want) {
		b.Errorf("%v wait, want %v", got, want)
	}
}
