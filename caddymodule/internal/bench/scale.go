package main

import "time"

// scale is how much is measured, and for how long.
type scale struct {
	brief        bool
	rounds       int
	conns        int
	warm, window time.Duration
	// look is how often something that is awaited is looked at.
	look time.Duration

	// offered are the rates of the open loops, in requests a second; calm is
	// the one at which a backlog may not be felt.
	offered []float64
	calm    float64
	// events are those stored before the gateway is measured again, keys all
	// those whose dedupe keys it then knows, backlog those that wait for a
	// dead backend.
	events, keys, backlog int
	// slices is how many points of growth a store being filled gives.
	slices int
	// known are the ids that duplicates repeat, quarantine its bound.
	known, quarantine int
	// sustained is how long delivery has to keep up with at least so much.
	sustained  time.Duration
	deliveries float64
	// backoff is that of the backends: the first and the longest wait.
	backoff string
	// rules and payloads, in bytes, are the points of their growth.
	rules, payloads []int
}

// whole is what the published figures come from.
func whole(rounds int) scale {
	return scale{
		rounds: rounds, conns: 64, warm: time.Second, window: 5 * time.Second, look: 200 * time.Millisecond,
		offered: []float64{2000, 8000}, calm: 2000,
		events: 1_000_000, keys: 5_000_000, backlog: 1_000_000, slices: 20,
		known: 1000, quarantine: 1000,
		sustained: time.Minute, deliveries: 5000, backoff: "5s 1h",
		rules:    []int{10, 100, 1000},
		payloads: []int{1 * kib, 4 * kib, 16 * kib, 64 * kib, 256 * kib},
	}
}

// brief goes through every measurement once and only shows that it works.
func brief() scale {
	return scale{
		brief:  true,
		rounds: 1, conns: 4, warm: 50 * time.Millisecond, window: 200 * time.Millisecond, look: 30 * time.Millisecond,
		offered: []float64{100, 200}, calm: 100,
		events: 400, keys: 800, backlog: 200, slices: 2,
		known: 20, quarantine: 20,
		sustained: 500 * time.Millisecond, deliveries: 50, backoff: "100ms 100ms",
		rules:    []int{2, 20},
		payloads: []int{kib, 4 * kib},
	}
}

// load is the usual one: new events of 1 KiB from all connections, each as
// soon as the last was answered, for the time of one round.
func (b *bench) load() load {
	return load{
		conns: b.conns, warm: b.warm, measured: b.window,
		bytes: kib, ids: b.endless, status: 202, answered: &b.answered,
	}
}

// open is the usual load at a fixed rate.
func (b *bench) open(rate float64) load {
	l := b.load()
	l.rate = rate
	return l
}

// batch is n new events, all of them measured.
func (b *bench) batch(n int) load {
	l := b.load()
	l.warm, l.measured, l.ids = 0, 0, upTo(n, b.endless)
	return l
}
