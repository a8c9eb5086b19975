package caddymodule

import (
	"os"
	"runtime"
	"sync"
)

// extraProcessors is how many of Go's processors there are beside the cores
// while a store is open. Badger writes to mapped files: a sync or a page fault
// holds a processor that does nothing, and its compactions hold the others for
// 10 ms at a time. Measured with 2 cores and 64 senders: a third more events a
// second than without, and a p99 at 8,000/s of 14 ms instead of 75; two do less,
// fourteen no more.
const extraProcessors = 6

// addProcessors does so once, unless the environment says how many there are.
var addProcessors = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + extraProcessors)
	}
})
