package reliability

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// needs skips a test on a machine that lacks something. In the larger sizes that
// is a failure, unless RELIABILITY_WITHOUT names the thing (as in "loop,strace").
func needs(t *testing.T, thing string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	known := slices.Contains(strings.Split(os.Getenv("RELIABILITY_WITHOUT"), ","), thing)
	if *size == "quick" || known {
		t.Skipf("not tried, for %s can't be had here: %v", thing, err)
	}
	t.Fatalf("%s can't be had here: %v; if that is known, say so by RELIABILITY_WITHOUT=%s", thing, err, thing)
}
