package delivery

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
)

func TestADeliveryIsRetriedFor72HoursAndThenDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(1)
		_, j := begin(t, q, &Backend{Transport: answering(503)})
		start := time.Now()
		var d event.Delivery
		for d = <-q.recorded; d.State == event.Waiting; d = <-q.recorded {
			if wait := time.Until(d.Due); wait < 0 || wait > time.Hour {
				t.Fatalf("attempt %d is followed by %s", d.Count, wait)
			}
		}
		if took := time.Since(start); d.State != event.Dead || took < 72*time.Hour || took > 72*time.Hour+longestOpen {
			t.Fatalf("%s after %s", d.State, took)
		}
		if d.Count < 72 || len(d.Attempts) != event.KeptAttempts || !d.Finished.Equal(time.Now()) {
			t.Fatalf("%+v", d)
		}
		synctest.Wait()
		if !j.has("level=ERROR", "dead", "event_id=af46ec07", "status=503") {
			t.Error("nothing tells that it is dead")
		}
	})
}

func TestADeliveryRetriedByHandStartsWithShortWaits(t *testing.T) {
	now := time.Date(2026, 11, 21, 2, 27, 0, 0, time.UTC)
	d := event.Delivery{Since: now.Add(-72 * time.Hour), State: event.Waiting}
	for range 90 {
		d.Add(event.Attempt{At: now.Add(-time.Hour), Status: 503})
	}
	if n := tries(&d); n != 90 {
		t.Errorf("%d tries, want all 90 though ten are remembered", n)
	}
	d.Since = now
	for range 200 {
		got := settle(d, event.Attempt{At: now, Status: 503}, retry.Policy{})
		if got.Count != 91 || got.Due.Sub(now) > 5*time.Second {
			t.Fatalf("attempt %d, then a wait of %s", got.Count, got.Due.Sub(now))
		}
	}
}

func TestRetryAfterIsHonoured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(1)
		begin(t, q, &Backend{Transport: tripper(func(*http.Request) (*http.Response, error) {
			res := answer(429)
			res.Header.Set("Retry-After", "1200")
			return res, nil
		})})
		first, second := <-q.recorded, <-q.recorded
		if first.Attempts[0].RetryAfter != 20*time.Minute {
			t.Errorf("%+v", first.Attempts[0])
		}
		if wait := second.Attempts[1].At.Sub(first.Attempts[0].At); wait != 20*time.Minute {
			t.Errorf("tried again after %s", wait)
		}
	})
}

func TestADripping2xxIsRecordedWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(1)
		begin(t, q, &Backend{Timeout: time.Hour, Transport: tripper(func(req *http.Request) (*http.Response, error) {
			res := answer(200)
			res.Body = dripping{req.Context()}
			return res, nil
		})})
		if d := <-q.recorded; d.State != event.Delivered || d.Attempts[0].Duration != time.Second {
			t.Errorf("%+v", d)
		}
	})
}

// dripping is a body that gives nothing until its request is given up.
type dripping struct{ ctx context.Context }

func (d dripping) Read([]byte) (int, error) { <-d.ctx.Done(); return 0, d.ctx.Err() }
func (d dripping) Close() error             { return nil }
