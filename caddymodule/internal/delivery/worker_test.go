package delivery

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

func TestConcurrencyIsNeverExceeded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		q := newQueue(t)
		q.add(50)
		begin(t, q, &Backend{Concurrency: 3, Transport: tripper(func(*http.Request) (*http.Response, error) {
			if n := now.Add(1); n > most.Load() {
				most.Store(n)
			}
			time.Sleep(time.Second)
			now.Add(-1)
			return answer(200), nil
		})})
		start := time.Now()
		for range 50 {
			<-q.recorded
		}
		synctest.Wait()
		if most.Load() != 3 || q.mostLeased > 3*leaseAhead+2*3 { // 3 are sent, 3 recorded
			t.Errorf("%d at once, %d leased", most.Load(), q.mostLeased)
		}
		if took := time.Since(start); took != 17*time.Second {
			t.Errorf("took %s: a slot stood empty", took)
		}
	})
}

func TestTheRateIsHeldAndUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(505)
		b := &Backend{Rate: 50, Burst: 5, Concurrency: 100, Transport: answering(200)}
		w, _ := begin(t, q, b)
		start := time.Now()
		for n := range 505 {
			w.Wake() // however often it is woken
			if n == 250 {
				w.Update(b) // the same settings give no new burst
			}
			d := <-q.recorded
			at := d.Attempts[0].At.Sub(start)
			if sent := float64(n + 1); sent > 5+50*at.Seconds()+0.01 {
				t.Fatalf("%v attempts within %s", sent, at)
			}
		}
		if took := time.Since(start); took < 9900*time.Millisecond || took > 10100*time.Millisecond {
			t.Errorf("505 took %s, want 10s", took)
		}
		synctest.Wait()
		if q.mostLeased > 5 {
			t.Errorf("%d leases were held while waiting for the rate", q.mostLeased)
		}
	})
}

func TestTheRateNeedsNobodyToWakeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(21)
		begin(t, q, &Backend{Rate: 10, Transport: answering(200)})
		start := time.Now()
		for range 21 {
			<-q.recorded
		}
		if took := time.Since(start).Round(time.Millisecond); took != 2*time.Second {
			t.Errorf("took %s", took)
		}
	})
}

func TestALowerRateHoldsForWhatIsLeasedAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		transport := tripper(func(*http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			return answer(200), nil
		})
		q := newQueue(t)
		q.add(9)
		w, _ := begin(t, q, &Backend{Rate: 100, Burst: 20, Concurrency: 1, Transport: transport})
		synctest.Wait()
		start := time.Now()
		w.Update(&Backend{Name: "crm", URL: "http://crm/", Rate: 0.1, Burst: 1, Concurrency: 100, Transport: transport})
		for range 9 {
			<-q.recorded
		}
		if took := time.Since(start).Round(time.Second); took != 71*time.Second {
			t.Errorf("took %s, want one at once and seven after ten seconds each", took)
		}
	})
}

func TestLessConcurrencyHoldsForWhatIsLeasedAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		transport := tripper(func(*http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			time.Sleep(time.Second)
			now.Add(-1)
			return answer(200), nil
		})
		q := newQueue(t)
		q.add(30)
		w, _ := begin(t, q, &Backend{Concurrency: 4, Transport: transport})
		synctest.Wait()
		w.Update(&Backend{Name: "crm", URL: "http://crm/", Concurrency: 1, Transport: transport})
		time.Sleep(1500 * time.Millisecond)
		most.Store(0)
		for range 30 {
			<-q.recorded
		}
		if most.Load() != 1 {
			t.Errorf("%d at once", most.Load())
		}
	})
}

func TestAWorkerSleepsUntilItIsWoken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		w, _ := begin(t, q, &Backend{Transport: answering(200)})
		time.Sleep(10*time.Minute - time.Second)
		synctest.Wait()
		if q.asked > 11 { // at first twice, then once a minute
			t.Errorf("looked %d times in ten minutes", q.asked)
		}
		start := time.Now()
		q.add(1)
		w.Wake()
		if <-q.recorded; !time.Now().Equal(start) {
			t.Errorf("delivered %s after it was woken", time.Since(start))
		}
	})
}

func TestMoreConcurrencyIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		transport := tripper(func(req *http.Request) (*http.Response, error) {
			sent.Add(1)
			return hang(req)
		})
		q := newQueue(t)
		q.add(9)
		w, _ := begin(t, q, &Backend{Concurrency: 1, Timeout: time.Hour, Transport: transport})
		synctest.Wait()
		w.Update(&Backend{Name: "crm", URL: "http://crm/", Concurrency: 3, Timeout: time.Hour, Transport: transport})
		synctest.Wait()
		if sent.Load() != 3 {
			t.Errorf("%d attempts run, want 3", sent.Load())
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		w.Stop(ended)
	})
}

func TestNewSettingsHoldFromTheNextAttemptOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := make(chan string, 10)
		transport := tripper(func(req *http.Request) (*http.Response, error) {
			sent <- req.URL.Host
			time.Sleep(time.Second)
			return answer(200), nil
		})
		q := newQueue(t)
		q.add(2)
		w, _ := begin(t, q, &Backend{URL: "http://old/", Concurrency: 1, Transport: transport})
		synctest.Wait()
		w.Update(&Backend{Name: "crm", URL: "http://new/", Concurrency: 1, Transport: transport})
		if first, second := <-sent, <-sent; first != "old" || second != "new" {
			t.Errorf("sent to %s, then %s", first, second)
		}
		if d := <-q.recorded; d.State != event.Delivered {
			t.Errorf("the attempt in flight ended as %s", d.State)
		}
		<-q.recorded
		synctest.Wait()
		q.add(1)
		w.Update(&Backend{Name: "crm", URL: "http://new/", Secrets: []string{"whsec_!"}, Retry: slow})
		if d := <-q.recorded; d.State != event.Waiting || d.Attempts[0].Error == "" {
			t.Errorf("settings that cannot work: %+v", d)
		}
		synctest.Wait()
		q.add(1)
		w.Update(&Backend{Name: "crm", URL: "http://mended/", Transport: transport})
		if <-q.recorded; <-sent != "mended" {
			t.Error("it did not recover")
		}
	})
}

// Promise 8: a backend that is down or slow affects no other backend.

func TestABackendThatHangsHoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck, fine := newQueue(t), newQueue(t)
		stuck.add(100)
		fine.add(100)
		begin(t, stuck, &Backend{Timeout: time.Hour, Transport: tripper(hang)})
		begin(t, fine, &Backend{Transport: answering(200)})
		start := time.Now()
		for range 100 {
			<-fine.recorded
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
	})
}
