package storetest

import (
	"bytes"
	"errors"
	"reflect"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func quarantineHasALimit(b *bench) {
	const limit, senders = 5, 32
	var mu sync.Mutex
	full := 0
	var all sync.WaitGroup
	for range senders {
		q := b.quarantined(start)
		all.Go(func() {
			err := b.Quarantine(ctx, q, limit)
			if err != nil && !errors.Is(err, store.ErrQuarantineFull) {
				b.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				full++
			}
		})
	}
	all.Wait()
	if full != senders-limit {
		b.Errorf("%d were turned away, want %d", full, senders-limit)
	}
	other := b.quarantined(start)
	other.Source = "other"
	b.must(b.Quarantine(ctx, other, 1))
	b.restart()
	if !b.QuarantineFull("knolyx", limit) || b.QuarantineFull("knolyx", limit+1) || b.QuarantineFull("new", 1) {
		b.Error("it doesn't know which quarantine is full")
	}
	c := b.counts()
	if c.InQuarantine["knolyx"] != limit || c.InQuarantine["other"] != 1 || c.Sources["knolyx"].Quarantined != limit {
		b.Errorf("counted %+v", c)
	}
	if err := b.Quarantine(ctx, b.quarantined(start), limit); !errors.Is(err, store.ErrQuarantineFull) {
		b.Errorf("after a restart: %v", err)
	}
	if err := b.Quarantine(ctx, b.quarantined(start), 0); !errors.Is(err, store.ErrQuarantineFull) {
		b.Errorf("with a limit of 0: %v", err)
	}
}

func quarantineComesBack(b *bench) {
	var want []*event.Quarantined
	for i, size := range []int{0, 10, 3 << 20} {
		q := b.quarantined(start.Add(time.Duration(i) * time.Second))
		q.Request.Body = bytes.Repeat([]byte{'x'}, size)
		want = append(want, q)
	}
	for _, i := range []int{1, 2, 0} { // not in the order of arrival
		b.must(b.Quarantine(ctx, want[i], 10))
	}
	b.restart()
	for n := range len(want) + 1 {
		got, err := b.Quarantined(ctx, "knolyx", store.Place{}, n)
		b.must(err)
		if len(got) != n || n > 0 && !reflect.DeepEqual(got, want[:n]) {
			b.Errorf("the oldest %d aren't what was kept", n)
		}
	}
	if got, err := b.Quarantined(ctx, "kno", store.Place{}, 10); err != nil || len(got) != 0 {
		b.Errorf("another source: %d, %v", len(got), err)
	}
}

func quarantineAges(b *bench) {
	for i := range 3 {
		q := b.quarantined(start.Add(time.Duration(i) * time.Hour))
		q.Request.Body = make([]byte, 1<<20)
		b.must(b.Quarantine(ctx, q, 10))
	}
	p := store.Policy{Now: start.Add(3 * time.Hour), Quarantine: 2 * time.Hour}
	if got := b.purge(p); got != (store.Purged{Quarantined: 2}) {
		b.Errorf("purged %+v", got)
	}
	left, err := b.Quarantined(ctx, "knolyx", store.Place{}, 10)
	b.must(err)
	c := b.counts()
	if len(left) != 1 || c.InQuarantine["knolyx"] != 1 || c.Sources["knolyx"].Quarantined != 3 {
		b.Errorf("%d are left, %+v counted", len(left), c)
	}
}

func quarantineIsNotSeen(b *bench) {
	q := b.quarantined(start)
	for range 2 {
		b.must(b.Quarantine(ctx, q, 10))
	}
	genuine := b.event(start)
	genuine.ID = q.ID
	if b.keep(genuine, store.Dedupe{Key: q.ID, Window: time.Hour}).Duplicate {
		b.Error("a forged request made the genuine one a duplicate")
	}
	b.waiting(0, 10, []uint64{genuine.Seq})
}
