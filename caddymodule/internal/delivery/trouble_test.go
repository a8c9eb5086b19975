package delivery

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func TestAStoreThatFailsIsWaitedForAndNothingIsSentTwice(t *testing.T) {
	for _, step := range []string{"lease", "record"} {
		t.Run(step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var sent atomic.Int64
				q := newQueue(t)
				q.add(1)
				failed := 0
				q.setFail(func(at string) error {
					if at != step || failed == 12 {
						return nil
					}
					failed++
					return store.ErrLowSpace
				})
				_, j := begin(t, q, &Backend{Transport: tripper(func(*http.Request) (*http.Response, error) {
					sent.Add(1)
					return answer(200), nil
				})})
				start := time.Now()
				d := <-q.recorded
				if sent.Load() != 1 || d.State != event.Delivered || d.Count != 1 {
					t.Errorf("sent %d times: %+v", sent.Load(), d)
				}
				if took := time.Since(start); took < time.Minute || took > 5*time.Minute {
					t.Errorf("12 failures took %s", took)
				}
				if !j.has("level=ERROR", "the store fails", store.ErrLowSpace.Error()) {
					t.Error(j)
				}
			})
		})
	}
}

func TestAnAttemptThatCannotBeRecordedGivesItsLeaseBack(t *testing.T) {
	for name, failure := range map[string]error{"closed": store.ErrClosed, "broken": store.ErrBroken} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := newQueue(t)
				q.add(1)
				var down atomic.Bool
				q.setFail(func(string) error {
					if down.Load() {
						return failure
					}
					return nil
				})
				w, j := begin(t, q, &Backend{Transport: tripper(func(*http.Request) (*http.Response, error) {
					down.Store(true)
					return answer(200), nil
				})})
				time.Sleep(time.Hour)
				synctest.Wait()
				if waits := !q.idle(); waits != (name == "broken") {
					t.Errorf("it still holds the lease: %v", waits)
				}
				w.Stop(context.Background())
				if q.returned != 1 || !q.idle() {
					t.Errorf("%d returned", q.returned)
				}
				if !j.has("not recorded", "event_id=af46ec07", "same Idempotency-Key") {
					t.Error(j)
				}
			})
		})
	}
}

func TestAnEventTheStoreCannotGiveFailsItsOwnDeliveryAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		q.add(2)
		delete(q.events, 1)
		begin(t, q, &Backend{Concurrency: 1, Transport: answering(200), Retry: slow})
		<-q.recorded
		<-q.recorded
		if lost := q.delivery(1); lost.State != event.Waiting || lost.Attempts[0].Error == "" {
			t.Errorf("%+v", lost)
		}
		if good := q.delivery(2); good.State != event.Delivered {
			t.Errorf("%+v", good)
		}
	})
}

func TestAPanicFailsOneAttemptAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sent atomic.Int64
		q := newQueue(t)
		q.add(2)
		_, j := begin(t, q, &Backend{Concurrency: 1, Retry: slow, Transport: tripper(func(*http.Request) (*http.Response, error) {
			if sent.Add(1) == 1 {
				panic("hunter2")
			}
			return answer(200), nil
		})})
		<-q.recorded
		<-q.recorded
		first, second := q.delivery(1), q.delivery(2)
		if first.State != event.Waiting || first.Attempts[0].Error == "" || second.State != event.Delivered {
			t.Errorf("%+v\n%+v", first, second)
		}
		if !j.has("panicked", "stack=") || j.has("hunter2") {
			t.Error(j)
		}
	})
}
