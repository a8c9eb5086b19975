package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/clock/clocktest"
)

func TestAClockThatIsSetIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, w, want := clocktest.New(t), new(clock.Watch), time.Time{}
		for _, by := range []time.Duration{0, time.Minute, -time.Hour, 2 * time.Hour, 0, 90000 * time.Hour, -90000 * time.Hour, time.Second} {
			c.Set(c.Ahead() + by)
			if by.Abs() > time.Hour {
				want = clock.Now()
			}
			for range 3 {
				if now, set := w.Look(); !now.Equal(clock.Now()) || !set.Equal(want) {
					t.Errorf("after %s: it is %v, and the clock was set at %v; want %v and %v", by, now, set, clock.Now(), want)
				}
				time.Sleep(100 * time.Hour)
			}
		}
	})
}

func TestTheTimeOfDayHasNothingOfAClockThatNobodySets(t *testing.T) {
	if now := clock.Now(); now != now.Round(0) || now.Location() != time.UTC || time.Since(now) > time.Minute {
		t.Errorf("%v", now)
	}
}
