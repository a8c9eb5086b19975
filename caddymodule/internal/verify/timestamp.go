package verify

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// defaultTolerance is how far a timestamp may be off, either way.
const defaultTolerance = 5 * time.Minute

// StandardLifetime is the Lifetime of Standard Webhooks.
const StandardLifetime = 2 * defaultTolerance

// Lifetime is how long one signed request passes at most: from as early as its
// timestamp allows to as late. Whoever saw it can send it again all that time.
// 0 where no timestamp is verified: then it passes for ever.
func (c HMAC) Lifetime() time.Duration {
	return 2 * max(0, min(c.withDefaults().Tolerance, math.MaxInt64/2))
}

// unixTime reads Unix seconds in decimal digits, without sign or leading zero.
// Twelve digits reach the year 33658 and are far from any overflow.
func unixTime(s string) (time.Time, bool) {
	n, ok := digits(s, 12)
	return time.Unix(n, 0), ok
}

// unixTimeOrMilli reads thirteen digits as milliseconds, fewer as seconds.
func unixTimeOrMilli(s string) (time.Time, bool) {
	if len(s) != 13 {
		return unixTime(s)
	}
	n, ok := digits(s, 13)
	return time.UnixMilli(n), ok
}

func digits(s string, most int) (int64, bool) {
	if s == "" || len(s) > most || s[0] == '0' || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// fresh returns the reason why a time is not within tolerance of now, "" when
// it is. Exactly the tolerance is within it. A negative one is off.
func fresh(at, now time.Time, tolerance time.Duration) string {
	if tolerance < 0 {
		return ""
	}
	// Sub saturates, so no difference overflows.
	switch age := now.Sub(at); {
	case age > tolerance:
		return ReasonTimestampOld
	case age < -tolerance:
		return ReasonTimestampFuture
	}
	return ""
}
