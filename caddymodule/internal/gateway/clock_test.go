package gateway

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock/clocktest"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
)

const year = 8760 * time.Hour

func TestNothingIsPurgedForADayAfterTheClockWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := clocktest.New(t)
		b := benchOver(t, memstore.New())
		defer b.close()
		defer b.Attach(b.config())()
		b.accept(b.source("knolyx"), "t", `not JSON`)
		b.settle()
		ahead.Set(year)
		for _, rest := range []time.Duration{2 * time.Minute, 23 * time.Hour} {
			time.Sleep(rest)
			synctest.Wait()
			if got := b.found(Filter{}, 10); len(got) != 1 {
				t.Fatalf("after another %s there are %v", rest, got)
			}
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if got := b.found(Filter{}, 10); len(got) != 0 {
			t.Errorf("two days later there still are %v", got)
		}
	})
}

func TestAPauseWhileTheClockWasAheadLetsDeliveriesBeGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead := clocktest.New(t)
		b := benchOver(t, memstore.New())
		defer b.close()
		defer b.Attach(b.config())()
		ahead.Set(year)
		for _, change := range []bool{true, false} {
			if _, err := b.setPause(ctx, "crm", change); err != nil {
				t.Fatal(err)
			}
		}
		ahead.Set(0)
		b.crm.answer(503)
		b.accept(b.source("knolyx"), "t", course("k-1"))
		time.Sleep(74 * time.Hour)
		synctest.Wait()
		if got := b.counts().Backends["crm"]; got.Dead != 1 {
			t.Errorf("two hours after the end of retrying: %+v", got)
		}
	})
}

func TestAWrongClockHidesNothingFromASearch(t *testing.T) {
	b := benchOver(t, memstore.New())
	defer b.close()
	now := time.Now()
	ahead := uuid.Must(uuid.NewV7())
	for i := range 6 { // it begins with the time, in milliseconds
		ahead[i] = byte(now.Add(year).UnixMilli() >> (8 * (5 - i)))
	}
	for i := range lookStep + 100 {
		ev := &event.Event{ID: fmt.Sprint("e-", i), Source: "s", Request: event.Request{Received: now, Body: []byte("{}")}}
		switch i {
		case 50:
			ev.ID = ahead.String()
		case lookStep + 50:
			ev.Request.Received = now.Add(-year)
		}
		if _, err := b.store.Keep(ctx, ev, store.Dedupe{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := b.found(Filter{Since: now.Add(-time.Hour)}, 1000); len(got) != lookStep+99 {
		t.Errorf("%d were received within an hour, found %d", lookStep+99, len(got))
	}
	if got := b.found(Filter{ID: ahead.String()}, 10); fmt.Sprint(got) != "[51]" {
		t.Errorf("by an id that was given while the clock was ahead: %v", got)
	}
}
