package main

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// latencies are those of all measured requests, sorted before they are asked.
type latencies []time.Duration

func (l latencies) sort() { slices.Sort(l) }

// at is the latency within which the given share of requests was answered, by
// the nearest rank; 0 of none.
func (l latencies) at(share float64) time.Duration {
	if len(l) == 0 {
		return 0
	}
	rank := int(math.Ceil(share * float64(len(l))))
	return l[min(max(rank, 1), len(l))-1]
}

// median is that of all rounds, of an even number the upper one.
func median[T cmp.Ordered](values []T) (m T) {
	if len(values) == 0 {
		return m
	}
	return slices.Sorted(slices.Values(values))[len(values)/2]
}
