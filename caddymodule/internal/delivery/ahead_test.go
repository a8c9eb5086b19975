package delivery

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func TestSeveralAreLeasedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(1000)
		w, _ := begin(t, q, &Backend{Concurrency: 8, Transport: tripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Millisecond)
			return answer(200), nil
		})})
		for range 1000 {
			<-q.recorded
			w.Wake() // as new events do
		}
		synctest.Wait()
		if q.asked > 1000/12 {
			t.Errorf("leased %d times, not a dozen at once", q.asked)
		}
	})
}

// Whoever is next in an order may be leased only when the one before it has
// been recorded.
func TestTheNextInAnOrderFollowsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(20)
		for _, d := range q.deliveries {
			d.OrderKey = "student/1"
		}
		begin(t, q, &Backend{Transport: tripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return answer(200), nil
		})})
		start := time.Now()
		for seq := uint64(1); seq <= 20; seq++ {
			if d := <-q.recorded; d.Seq != seq {
				t.Fatalf("%d came instead of %d", d.Seq, seq)
			}
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// A crash repeats what was answered and is not on disk yet.
func TestAttemptsGoOnWhileOthersAreRecordedWithinBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		q := newQueue(t)
		q.add(500)
		q.setFail(func(step string) error {
			if step == "record" {
				return store.ErrLowSpace
			}
			return nil
		})
		_, j := begin(t, q, &Backend{Concurrency: 2, Transport: tripper(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			return answer(200), nil
		})})
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := sent.Load(); n != unrecorded+2 {
			t.Errorf("%d were sent while none could be recorded, want %d", n, unrecorded+2)
		}
		if n := strings.Count(j.String(), "the store fails"); n < 60 || n > 240 {
			t.Errorf("it was told %d times in an hour, want about twice a minute", n)
		}
		q.setFail(nil)
		for range 500 {
			<-q.recorded
		}
		if n := sent.Load(); n != 500 {
			t.Errorf("%d were sent", n)
		}
	})
}
