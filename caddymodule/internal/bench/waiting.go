package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// measureWaiting is what many deliveries that wait for a dead backend cost:
// time to start, time to answer, memory.
func (b *bench) measureWaiting(ctx context.Context) ([]row, error) {
	if err := b.fillWaiting(ctx); err != nil {
		return nil, err
	}
	wait := fmt.Sprintf("with %s deliveries waiting", commas(b.backlog))
	started, err := b.measureRestarts(ctx, "first 2xx after a start "+wait)
	if err != nil {
		return nil, err
	}
	l := b.open(b.calm)
	var empty, full []float64
	var peaks []float64
	for round := range b.rounds {
		b.progress.say("round %d of %d", round+1, b.rounds)
		s, err := b.onDead(ctx, l)
		if err != nil {
			return nil, err
		}
		empty = append(empty, p99Of(s))
		if s, err = b.offer(ctx, b.waiting, l); err != nil {
			return nil, err
		}
		full = append(full, p99Of(s))
		peaks = append(peaks, float64(s.peak))
	}
	x := times(full, empty)
	return []row{
		{
			What: fmt.Sprintf("accept p99 at %s/s %s, dead backend", count(b.calm), wait), Bar: "≤ 1.2 × with an empty store",
			Measured: fmt.Sprintf("%s, %.2f × %s", ms(median(full)), x, ms(median(empty))),
			Met:      x <= 1.2, Unit: "s", Rounds: full,
		},
		memoryAtMost("resident memory "+wait, 450*mb, peaks...),
		started,
	}, nil
}

// fillWaiting stores events whose backend never answers. That keeps attempts
// from taking part in what storing them costs.
func (b *bench) fillWaiting(ctx context.Context) (err error) {
	url, closed, err := silent()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closed()) }()
	if b.waiting, err = b.begin(ctx, gateway(delivering(url, b.backoff))); err != nil {
		return err
	}
	_, err = b.fill(ctx, b.waiting, b.backlog, kib, curve{Title: "deliveries waiting", Unit: "deliveries"})
	return err
}

// measureRestarts starts the gateway on what waits, with a dead backend.
func (b *bench) measureRestarts(ctx context.Context, what string) (row, error) {
	r := row{What: what, Bar: "≤ 2 s", Unit: "s"}
	for round := range b.rounds {
		b.progress.say("start %d of %d", round+1, b.rounds)
		p, err := b.again(ctx, b.waiting, gateway(delivering(deadURL, b.backoff)))
		if err != nil {
			return r, err
		}
		p.restless, b.waiting = true, p
		r.Rounds = append(r.Rounds, p.first.Seconds())
		plain, err := b.begin(ctx, plainCaddy)
		if err != nil {
			return r, err
		}
		r.PlainRounds = append(r.PlainRounds, plain.first.Seconds())
		if err := b.remove(plain); err != nil {
			return r, err
		}
	}
	r.Measured = fmt.Sprintf("%.2f s", median(r.Rounds))
	r.Plain = fmt.Sprintf("%.2f s", median(r.PlainRounds))
	r.Met = median(r.Rounds) <= (2 * time.Second).Seconds()
	return r, nil
}

// onDead measures a load on an empty gateway whose backend is dead.
func (b *bench) onDead(ctx context.Context, l load) (s sample, err error) {
	p, err := b.begin(ctx, gateway(delivering(deadURL, b.backoff)))
	if err != nil {
		return s, err
	}
	p.restless = true
	defer func() { err = errors.Join(err, b.remove(p)) }()
	return b.offer(ctx, p, l)
}
