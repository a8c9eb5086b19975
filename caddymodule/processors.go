package caddymodule

import (
	"os"
	"runtime"
	"sync"
)

// processorsPerCore is how many of Go's processors a core gets while a store
// is open. Badger writes to mapped files: a sync or a page fault holds a
// processor that does nothing, and its compactions hold the others for 10 ms
// at a time. Measured with 2 cores and 64 senders: with four for each core a
// fifth more events a second, and half the p99.
const processorsPerCore = 4

// addProcessors does so once, unless the environment says how many there are.
var addProcessors = sync.OnceFunc(func() {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(processorsPerCore * runtime.GOMAXPROCS(0))
	}
})
