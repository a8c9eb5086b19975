package delivery

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
)

func TestWhatAnAttemptTellsOfTheBackend(t *testing.T) {
	for status, want := range map[int]health{
		200: alive, 204: alive, 400: alive, 404: alive, 410: alive, 422: alive,
		0: failing, 302: failing, 408: failing, 429: failing, 500: failing, 503: failing,
	} {
		if got := healthOf(event.Attempt{Status: status}); got != want {
			t.Errorf("%d: %d, want %d", status, got, want)
		}
	}
}

// opened is a breaker that just opened.
func opened(t *testing.T, now time.Time, longest time.Duration) breaker {
	t.Helper()
	var b breaker
	for n := range tolerated {
		if b.wait(now) != 0 || b.begin() {
			t.Fatalf("open after %d failures", n)
		}
		if b.end(failing, false, now, longest) != (n == tolerated-1) {
			t.Fatalf("after %d failures", n+1)
		}
	}
	return b
}

func TestAnOpenBreakerPermitsOneAtATimeWithPausesThatDouble(t *testing.T) {
	for _, longest := range []time.Duration{time.Hour, time.Second, time.Millisecond} {
		now := time.Now()
		b := opened(t, now, longest)
		for want := firstOpen; want < time.Minute; want *= 2 {
			pause := min(want, longestOpen, longest)
			if got := b.wait(now); got != pause {
				t.Fatalf("waits %s, want %s", got, pause)
			}
			now = now.Add(pause)
			if b.wait(now) != 0 || !b.begin() || b.wait(now.Add(time.Minute)) == 0 {
				t.Fatal("it doesn't permit one after the pause")
			}
			if b.end(failing, false, now, longest); b.wait(now.Add(time.Minute)) == 0 {
				t.Fatal("an attempt from before it opened ends the one that it permits")
			}
			if b.end(failing, true, now, longest) {
				t.Fatal("it changed")
			}
		}
	}
}

func TestABreakerClosesWithTheFirstGoodNews(t *testing.T) {
	now := time.Now()
	for _, probe := range []bool{true, false} { // or from before it opened
		b := opened(t, now, time.Hour)
		if !b.end(alive, probe, now, time.Hour) || b.wait(now) != 0 || b.begin() {
			t.Errorf("%+v", b)
		}
		if b.end(alive, false, now, time.Hour) {
			t.Error("it closed twice")
		}
	}
}

func TestAnAttemptThatWasNeverMadeTellsABreakerNothing(t *testing.T) {
	now := time.Now()
	b := opened(t, now, time.Hour)
	later := now.Add(firstOpen)
	if b.begin(); b.end(unknown, true, later, time.Hour) || b.wait(later) != firstOpen {
		t.Errorf("%+v", b)
	}
	var closed breaker
	for range 2 * tolerated {
		if closed.end(unknown, false, now, time.Hour) || closed.open() {
			t.Fatal("it opened")
		}
	}
}

// A million waiting deliveries may not cost more than one.
func TestADeadBackendIsSparedAndItsReturnIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		var up atomic.Bool
		q := newQueue(t)
		q.add(3000)
		delete(q.events, 100) // which is no fault of the backend's
		_, j := begin(t, q, &Backend{Transport: tripper(func(*http.Request) (*http.Response, error) {
			sent.Add(1)
			time.Sleep(10 * time.Millisecond)
			if up.Load() {
				return answer(200), nil
			}
			return nil, errors.New("connection refused")
		})})
		time.Sleep(time.Hour)
		synctest.Wait()
		if n := sent.Load(); n < 700 || n > 740 {
			t.Errorf("%d attempts in an hour, want one in 5 s", n)
		}
		if n := strings.Count(j.String(), "level=ERROR"); n != 1 || !j.has("level=ERROR", "mend", "connection refused") {
			t.Errorf("%d errors", n)
		}
		if n := strings.Count(j.String(), "level=WARN"); n != tolerated+strings.Count(j.String(), "does not give the event") {
			t.Errorf("%d failures were told", n)
		}
		if !j.has("level=WARN", "does not give the event") {
			t.Error("nothing tells of the lost event")
		}
		up.Store(true)
		time.Sleep(longestOpen + 5*time.Second) // 2,260 by 8 at once, in 10 ms each
		synctest.Wait()
		ready := 0
		for seq := 1; seq <= 3000; seq++ {
			if q.delivery(seq).State == event.Delivered {
				ready++
			}
		}
		if ready < 3000-740 {
			t.Errorf("%d were delivered after it was back", ready)
		}
		if !j.has("level=INFO", "answers again", "duration=1h0m") {
			t.Error("nothing tells that it is back")
		}
	})
}

// Four at once: one takes 2 s and succeeds, the others fail until then.
func TestALateSuccessLetsAllBeginAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent, now, most atomic.Int64
		start := time.Now()
		q := newQueue(t)
		q.add(50)
		begin(t, q, &Backend{Concurrency: 4, Retry: slow, Transport: tripper(func(*http.Request) (*http.Response, error) {
			first := sent.Add(1) == 1
			if !first && time.Since(start) < 2*time.Second {
				return answer(503), nil
			}
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			time.Sleep(2 * time.Second)
			return answer(200), nil
		})})
		time.Sleep(3 * time.Second)
		if most.Load() != 4 {
			t.Errorf("%d at once", most.Load())
		}
	})
}

func TestABackendThatHangsIsAskedByOneAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		q := newQueue(t)
		q.add(100)
		begin(t, q, &Backend{Concurrency: 8, Transport: tripper(func(req *http.Request) (*http.Response, error) {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			return hang(req)
		})})
		time.Sleep(time.Minute)
		if most.Swap(0) != 8 {
			t.Error("it does not begin with all")
		}
		time.Sleep(time.Hour)
		if most.Load() != 1 {
			t.Errorf("%d at once", most.Load())
		}
	})
}

func TestEventsThatABackendRefusesHoldUpNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(500)
		_, j := begin(t, q, &Backend{Transport: answering(422), Retry: slow})
		start := time.Now()
		for range 500 {
			<-q.recorded
		}
		if took := time.Since(start); took != 0 || j.has("one delivery at a time") {
			t.Errorf("took %s", took)
		}
	})
}

func TestAnEventThatAlwaysFailsHoldsUpNoOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(101)
		q.events[1].ID = "poison"
		begin(t, q, &Backend{Retry: retry.Policy{First: time.Second, Longest: time.Second}, Transport: tripper(func(req *http.Request) (*http.Response, error) {
			if req.Header.Get("webhook-id") == "poison" {
				return answer(500), nil
			}
			return answer(200), nil
		})})
		start := time.Now()
		for range 101 {
			<-q.recorded
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
		time.Sleep(time.Hour) // in which it fails alone
		q.add(1)
		start = time.Now()
		for delivered := false; !delivered; {
			delivered = (<-q.recorded).State == event.Delivered
		}
		if took := time.Since(start); took > longestOpen {
			t.Errorf("took %s", took)
		}
	})
}

func TestNewSettingsAreTriedAtOnceOnADeadBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(50)
		w, _ := begin(t, q, &Backend{Transport: answering(503), Retry: slow})
		time.Sleep(20 * time.Second) // in the midst of a pause
		synctest.Wait()
		for len(q.recorded) > 0 {
			<-q.recorded
		}
		q.add(50)
		start := time.Now()
		w.Update(&Backend{Name: "crm", URL: "http://mended/", Transport: answering(200)})
		for range 50 {
			<-q.recorded
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("took %s", took)
		}
	})
}
