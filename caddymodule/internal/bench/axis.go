package main

import "math"

// axis goes from low to high, evenly or by factors.
type axis struct {
	name      string
	low, high float64
	log       bool
}

// at is where a value stands, from 0 at the low end to 1 at the high one.
func (a axis) at(v float64) float64 {
	low, high := a.low, a.high
	if a.log {
		low, high, v = math.Log(low), math.Log(high), math.Log(v)
	}
	if high == low {
		return 0
	}
	return (v - low) / (high - low)
}

// ticks are round numbers: powers of ten, or evenly apart.
func (a axis) ticks() (values []float64) {
	if a.log {
		for v := a.low; v <= a.high*1.001; v *= 10 {
			values = append(values, v)
		}
		return values
	}
	for step, v := step(a.high), a.low; v <= a.high*1.001; v += step {
		values = append(values, v)
	}
	return values
}

// step is the distance of two to five ticks up to high: 1, 2 or 5 times a power
// of ten.
func step(high float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(high)))
	for _, s := range []float64{.2, .5, 1} {
		if high/(s*power) <= 5 {
			return s * power
		}
	}
	return 2 * power
}
