package caddymodule

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// softLimit is how much memory Go takes before it collects garbage more often
// than it would, while a store is open. Badger's compactions need buffers that are
// soon garbage: Go would let twice their size stand. Measured with 64 senders over
// a million events: 390 MB resident at most instead of 530, for 3 % more CPU.
//
// What Badger builds tables in is live: 112 MB of it after a million events, beside
// 30 MB of everything else. With 200 MB that left so little for garbage that a tenth of
// all CPU went into its collection; 225 MB cost 5 % less CPU and no more resident memory
// (353 MB at most; medians of three runs in turn). More than that is what floods of large
// requests take first.
const softLimit = 225 << 20

// garbage is how much of it may stand below that limit, in percent of what is live:
// so much that the limit alone decides, as little of the gateway's heap is live.
// Measured like the limit: a tenth less CPU than with Go's 100, and no more memory.
const garbage = 400

// boundMemory sets both once, unless the environment has them. What is live may be
// more than the limit, such as that of other sites: Go then gets half as much again,
// where it would take as much again without a limit.
var boundMemory = sync.OnceFunc(func() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	followLive(debug.SetMemoryLimit(-1)) // Caddy's own limit stays the highest
})

// followLive sets the limit now and after each collection.
func followLive(highest int64) {
	debug.SetMemoryLimit(limitOf(live(), highest))
	runtime.SetFinalizer(&collected{}, func(*collected) { followLive(highest) })
}

// limitOf is the limit where so much is live.
func limitOf(live, highest int64) int64 { return min(max(softLimit, live*3/2), highest) }

// collected is garbage at once, so that the next collection tells of itself.
type collected struct{ _ [64]byte }

// live is how many bytes the last collection left.
func live() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64()) //nolint:gosec // no heap has 2^63 bytes
}
