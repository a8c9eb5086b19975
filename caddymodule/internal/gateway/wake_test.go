package gateway

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store/memstore"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
	"github.com/porterslodge/porterslodge/rules"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestABackendThatLeftAndCameBackGoesOnAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := benchOver(t, memstore.New())
		const attempt = 2 * time.Second
		var attempts, delivered atomic.Int64
		begun := time.Now()
		backend := roundTripper(func(r *http.Request) (*http.Response, error) {
			status := http.StatusNoContent
			if attempts.Add(1) == 1 {
				time.Sleep(attempt)
				status = http.StatusServiceUnavailable
			} else {
				delivered.Store(int64(time.Since(begun)))
			}
			return &http.Response{StatusCode: status, Body: io.NopCloser(strings.NewReader("")), Request: r}, nil
		})
		c := b.config()
		c.Backends = []*Backend{{Backend: &delivery.Backend{
			Name: "crm", URL: "http://crm/", Transport: backend, Retry: retry.Policy{First: 100 * time.Millisecond},
		}}}
		b.Attach(c)
		b.accept(b.source("knolyx"), "t", course("k-1"))
		time.Sleep(attempt / 2)
		without := b.config()
		without.Backends = nil
		undo := b.Attach(without)
		time.Sleep(attempt / 10)
		undo() // as when the reload fails after all
		time.Sleep(2 * time.Minute)
		if after := time.Duration(delivered.Load()); after == 0 || after > attempt+time.Second {
			t.Errorf("after %d attempts it was delivered after %s", attempts.Load(), after)
		}
		b.close()
	})
}

// partly routes the first event of a batch, and then fails once. It does the same
// to a release: the event is kept, and what comes behind it fails.
type partly struct {
	store.Store
	fails atomic.Bool
}

var errPartly = errors.New("the rest failed")

func (p *partly) Route(ctx context.Context, rs []store.Routing) error {
	if len(rs) < 2 || !p.fails.Swap(false) {
		return p.Store.Route(ctx, rs)
	}
	return errors.Join(p.Store.Route(ctx, rs[:1]), errPartly)
}

func (p *partly) Release(ctx context.Context, q *event.Quarantined, ev *event.Event, d store.Dedupe) (store.Kept, error) {
	kept, err := p.Store.Release(ctx, q, ev, d)
	return kept, errors.Join(err, errPartly)
}

func TestWhatWasRoutedBeforeAFailureIsDeliveredAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &partly{Store: memstore.New()}
		b := benchOver(t, p)
		for _, id := range []string{"k-1", "k-2"} {
			b.accept(b.source("knolyx"), "t", course(id))
		}
		p.fails.Store(true)
		b.Attach(b.config( // the second try wakes nobody
			rules.Rule{Name: "first", When: `id == "k-1"`, To: []string{"crm"}},
			rules.Rule{Name: "second", When: `id == "k-2"`, Drop: true},
		))
		time.Sleep(2 * routeRetry)
		if n := len(b.crm.received()); n != 1 || p.fails.Load() {
			t.Errorf("%d were delivered", n)
		}
		b.close()
	})
}

func TestWhatIsReleasedIsRoutedThoughAStepBehindItFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := benchOver(t, &partly{Store: memstore.New()})
		src := b.source("knolyx")
		c := b.config()
		c.Sources["knolyx"] = src
		b.Attach(c)
		b.accept(src, "wrong", course("k-1"))
		synctest.Wait() // the router has looked
		if _, err := b.Release(t.Context(), b.quarantined(), true); !errors.Is(err, errPartly) {
			t.Error(err)
		}
		synctest.Wait()
		if n := b.counts().Events.Waiting; n != 0 {
			t.Errorf("%d events wait to be routed", n)
		}
		b.close()
	})
}

func (b *bench) quarantined() []*event.Quarantined {
	qs, err := b.Quarantined(b.t.Context(), "knolyx", store.Place{}, 99)
	if err != nil || len(qs) == 0 {
		b.t.Fatal(qs, err)
	}
	return qs
}

// counting is a verifier that nothing passes.
type counting struct{ n int }

func (c *counting) Verify(*verify.Request) verify.Result {
	c.n++
	return verify.Result{Reason: "wrong"}
}

func TestReleasingEndsWithItsCaller(t *testing.T) {
	b := newBench(t)
	defer b.close()
	src := b.source("knolyx")
	for range 3 {
		b.accept(src, "wrong", course("k-1"))
	}
	asked := new(counting)
	src.Verifier = asked
	c := b.config()
	c.Sources["knolyx"] = src
	defer b.Attach(c)()
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := b.Release(gone, b.quarantined(), false); !errors.Is(err, context.Canceled) || asked.n != 0 {
		t.Errorf("%d were verified for nobody, %v", asked.n, err)
	}
}
