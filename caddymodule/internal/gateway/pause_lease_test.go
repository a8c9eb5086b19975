package gateway

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
)

// held is a store whose first lease is in the worker's hands as late as a test likes.
type held struct {
	store.Store
	once         sync.Once
	leased, free chan struct{}
}

func (h *held) Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) ([]*event.Delivery, time.Time, error) {
	ds, next, err := h.Store.Lease(ctx, backend, now, n, longest)
	if len(ds) > 0 {
		h.once.Do(func() {
			close(h.leased)
			<-h.free
		})
	}
	return ds, next, err
}

func TestADeliveryThatAPauseMetInItsLeaseHasItsWholeTimeAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &held{Store: memstore.New(), leased: make(chan struct{}), free: make(chan struct{})}
		b := benchOver(t, s)
		defer b.Close()
		b.Attach(b.config())
		b.accept(b.source("custom"), "t", `{}`)
		<-s.leased
		if _, err := b.Pause(context.Background(), "crm"); err != nil {
			t.Fatal(err)
		}
		close(s.free)
		time.Sleep(100 * time.Hour) // longer than it is retried for
		b.crm.answer(http.StatusServiceUnavailable)
		if _, err := b.Resume(context.Background(), "crm"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := b.counts().Backends["crm"]; n.Dead != 0 || n.Waiting != 1 {
			t.Errorf("after the first attempt: %+v", n)
		}
	})
}
