package delivery

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/clock/clocktest"
)

func TestTheTimeForRetriesBeginsAgainWhenTheClockWasSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ahead, w := clocktest.New(t), new(Worker)
		start := clock.Now()
		if got := w.retrying(start.Add(-time.Hour)); !got.Equal(start.Add(-time.Hour)) {
			t.Errorf("a clock that nobody set: %v", got)
		}
		ahead.Set(8760 * time.Hour)
		forwards := clock.Now()
		for since, want := range map[time.Time]time.Time{start: forwards, forwards: forwards} {
			if got := w.retrying(since); !got.Equal(want) {
				t.Errorf("after a year forwards: %v begins at %v, not %v", since, got, want)
			}
		}
		ahead.Set(0)
		if got := w.retrying(forwards); !got.Equal(start) {
			t.Errorf("after a year back it begins at %v, not %v", got, start)
		}
		if got := new(Worker).retrying(forwards); !got.Equal(start) {
			t.Errorf("after a year back in a restart it begins at %v, not %v", got, start)
		}
	})
}

// Looking far ahead in the queue is one seek more.
func TestTheQueueIsSearchedForWhatWaitsTooLongOnceAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newQueue(t)
		w, _ := begin(t, q, &Backend{Transport: answering(200)})
		for range 600 {
			time.Sleep(time.Second)
			q.add(1)
			w.Wake()
		}
		synctest.Wait()
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.asked < 600 || q.searched < 9 || q.searched > 11 {
			t.Errorf("asked %d times in ten minutes, and searched %d times", q.asked, q.searched)
		}
	})
}
