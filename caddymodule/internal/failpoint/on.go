//go:build failpoints

package failpoint

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

var (
	point, passing = parse(os.Getenv("PORTERSLODGE_FAILPOINT"))
	passed         atomic.Int64
)

func parse(s string) (point string, passing int64) {
	if s == "" {
		return "", 0
	}
	point, count, _ := strings.Cut(s, ":")
	passing, err := strconv.ParseInt(count, 10, 64)
	if err != nil || passing < 1 {
		fmt.Fprintln(os.Stderr, "PORTERSLODGE_FAILPOINT is a step and the number of its passing, such as routed:2")
		os.Exit(2)
	}
	return point, passing
}

// Pass ends the process if this is the passing that was asked for. Nothing is
// written, closed or told before.
func Pass(step string) {
	if step == point && passed.Add(1) == passing {
		os.Exit(ExitCode)
	}
}
