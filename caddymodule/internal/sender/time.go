package sender

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// layouts are the forms of ISO 8601 that platforms write; fractions of a
// second are understood in each. One without a zone is taken for UTC.
var layouts = []string{
	time.RFC3339,
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
}

// instant reads a sender's time: ISO 8601 or Unix seconds or milliseconds, as
// a string or a number. It is zero for anything else, for a date without a
// time of day, and for what lies outside of the years 1970 to 9999.
func instant(v any) time.Time {
	var t time.Time
	switch v := v.(type) {
	case string:
		t = parse(strings.TrimSpace(v))
	case json.Number:
		t = unix(v.String())
	case int, int64, uint64, float64:
		t = unix(fmt.Sprint(v))
	}
	if t = t.UTC(); t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}
	}
	return t
}

func parse(s string) time.Time {
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return unix(s)
}

// unix reads Unix seconds or, from 1e11 on, milliseconds: as seconds that
// would be the year 5138.
func unix(s string) time.Time {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || !(f > 0) || f > 1e15 {
		return time.Time{}
	}
	if f < 1e11 {
		f *= 1000
	}
	return time.UnixMilli(int64(math.Round(f)))
}
