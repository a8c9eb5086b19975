package delivery

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

func TestStopLetsAttemptsInFlightFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(20)
		w, _ := begin(t, q, &Backend{Concurrency: 4, Transport: tripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(5 * time.Second)
			return answer(200), nil
		})})
		synctest.Wait()
		start := time.Now()
		w.Stop(context.Background())
		if took := time.Since(start); took != 5*time.Second || len(q.recorded) != 4 || q.returned != 16 || !q.idle() {
			t.Fatalf("stopped in %s, %d recorded, %d returned", took, len(q.recorded), q.returned)
		}
		w.Wake()
		w.Stop(context.Background())
		time.Sleep(time.Hour)
		if len(q.recorded) != 4 {
			t.Error("it went on after Stop")
		}
	})
}

func TestStopReturnsWhatItCutsShortUncounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(6)
		w, _ := begin(t, q, &Backend{Concurrency: 4, Timeout: time.Hour, Transport: tripper(hang)})
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		w.Stop(ctx)
		if took := time.Since(start); took != 3*time.Second || q.returned != 6 || len(q.recorded) != 0 || !q.idle() {
			t.Fatalf("stopped in %s, %d returned, %d recorded", took, q.returned, len(q.recorded))
		}
		for seq := 1; seq <= 6; seq++ {
			if d := q.delivery(seq); d.Count != 0 || d.State != event.Waiting {
				t.Errorf("%+v", d)
			}
		}
	})
}

func TestWhatIsLeasedWhileStoppingGoesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		w, _ := begin(t, q, &Backend{Transport: answering(200)})
		synctest.Wait()
		q.add(3)
		q.setFail(func(string) error { w.stopLeasing(); return nil })
		w.Wake()
		w.running.Wait()
		if q.returned != 3 || len(q.recorded) != 0 || !q.idle() {
			t.Errorf("%d returned, %d recorded", q.returned, len(q.recorded))
		}
	})
}

func TestStopIsSafeBeforeAnythingRanAndTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(3)
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		w, _ := begin(t, q, &Backend{Transport: tripper(hang)})
		go w.Stop(context.Background())
		w.Stop(ended)
		w.Stop(context.Background())
		if !q.idle() || len(q.recorded) != 0 {
			t.Error("it keeps leases or counted an attempt")
		}
	})
}
