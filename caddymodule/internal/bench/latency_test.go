package main

import (
	"testing"
	"time"
)

// hundred are 1 ms to 100 ms.
func hundred() (l latencies) {
	for i := range 100 {
		l = append(l, time.Duration(100-i)*time.Millisecond)
	}
	l.sort()
	return l
}

func TestAQuantileIsTheNearestRank(t *testing.T) {
	for _, c := range []struct {
		of    latencies
		share float64
		want  time.Duration
	}{
		{nil, .99, 0},
		{latencies{7}, .5, 7},
		{latencies{7}, .99, 7},
		{latencies{1, 2}, .5, 1},
		{latencies{1, 2, 3}, .5, 2},
		{hundred(), .01, time.Millisecond},
		{hundred(), .5, 50 * time.Millisecond},
		{hundred(), .99, 99 * time.Millisecond},
		{hundred(), .991, 100 * time.Millisecond},
		{hundred(), 1, 100 * time.Millisecond},
		{hundred(), 0, time.Millisecond},
	} {
		if got := c.of.at(c.share); got != c.want {
			t.Errorf("%v of %d: %v, want %v", c.share, len(c.of), got, c.want)
		}
	}
}

func TestTheMedianIsInTheMiddleWhateverTheOrder(t *testing.T) {
	values := []float64{9, 1, 5, 3, 7}
	if got := median(values); got != 5 || values[0] != 9 {
		t.Errorf("%v of %v", got, values)
	}
	if got := median([]int{4, 1, 3, 2}); got != 3 {
		t.Errorf("%v, want the upper one in the middle", got)
	}
	if got := median[int](nil); got != 0 {
		t.Errorf("%v of none", got)
	}
}
