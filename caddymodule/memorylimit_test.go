package caddymodule

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestTheMemoryLimitIsNeverInTheWayOfWhatIsLive(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	following := func(is func(limit int64) bool) bool {
		for range 500 {
			runtime.GC()
			if is(debug.SetMemoryLimit(-1)) {
				return true
			}
			time.Sleep(10 * time.Millisecond) // finalizers run beside
		}
		return false
	}
	followLive(math.MaxInt64)
	if !following(func(limit int64) bool { return limit == softLimit }) {
		t.Errorf("with little alive the limit is %d, not %d", debug.SetMemoryLimit(-1), softLimit)
	}
	alive := make([]byte, softLimit)
	if !following(func(limit int64) bool { return limit >= softLimit*3/2 }) {
		t.Errorf("with %d alive the limit is %d", softLimit, debug.SetMemoryLimit(-1))
	}
	runtime.KeepAlive(alive)
	if !following(func(limit int64) bool { return limit == softLimit }) {
		t.Errorf("it stays at %d", debug.SetMemoryLimit(-1))
	}
}

func TestTheMemoryLimitIsNoHigherThanCaddys(t *testing.T) {
	const caddys = 100 << 20
	for _, live := range []int64{0, caddys, softLimit} {
		if limit := limitOf(live, caddys); limit != caddys {
			t.Errorf("with %d alive the limit is %d", live, limit)
		}
	}
}
