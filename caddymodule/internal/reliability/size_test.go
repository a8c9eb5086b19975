package reliability

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

var (
	size    = flag.String("size", "quick", "how much is tried: quick, ci or long")
	seed    = flag.Uint64("seed", 0, "what the random choices begin with; 0 means a new one")
	times   = flag.Bool("times", false, "fail also where something takes too long: for a machine that does nothing else")
	results = flag.String("results", "", "a file to which a line of JSON is appended for each result")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *size != "quick" && *size != "ci" && *size != "long" {
		fmt.Fprintln(os.Stderr, "-size is quick, ci or long")
		os.Exit(2)
	}
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano())
	}
	code := m.Run()
	removeBinaries()
	os.Exit(code)
}

// sized is how much of something this run tries.
func sized[T any](quick, ci, long T) T {
	switch *size {
	case "long":
		return long
	case "ci":
		return ci
	}
	return quick
}

// tooLong says that something took longer than it may, which fails by -times alone.
func tooLong(t *testing.T, format string, args ...any) {
	t.Helper()
	if *times {
		t.Errorf(format, args...)
		return
	}
	t.Logf(format, args...)
}

// within is how long to wait for what has to be there after a time: by -times no
// longer than that.
func within(d time.Duration) time.Duration {
	if *times {
		return d
	}
	return max(d, time.Minute)
}

// random makes choices that -seed repeats, and prints the seed of a failure.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the same again: go test ./caddymodule/internal/reliability -run '^%s$' -size %s -times=%t -seed %d", t.Name(), *size, *times, *seed)
		}
	})
	return rand.New(rand.NewPCG(*seed, 0))
}
