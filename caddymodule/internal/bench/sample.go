package main

import (
	"context"
	"errors"
	"fmt"
)

// sample is what came of a load, and what the process took for it.
type sample struct {
	result
	cpu     float64 // seconds for 1,000 answers, until the process was idle again
	written float64 // bytes for each answer, likewise
	peak    int64   // bytes of resident memory at most
}

// offer measures a load on one process, while all others are paused.
func (b *bench) offer(ctx context.Context, p *process, l load) (s sample, err error) {
	awake, err := b.pauseBut(p)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, awake()) }()
	before, err := p.usage()
	if err != nil {
		return s, err
	}
	peak := p.peak()
	s.result, err = l.offer(ctx, p.address)
	s.peak = peak()
	if err != nil {
		return s, fmt.Errorf("%w\nthe end of Caddy's log:\n%s", err, p.tail())
	}
	p.kept += s.total
	after, err := p.settle(ctx, b.look)
	if err != nil {
		return s, err
	}
	if s.answers == 0 {
		return s, errors.New("nothing was answered in the time that was measured")
	}
	s.cpu = (after.cpu - before.cpu).Seconds() / float64(s.total) * 1000
	s.written = float64(after.written-before.written) / float64(s.total)
	return s, nil
}

// pair is plain Caddy and the gateway, round by round.
type pair struct{ plain, ours []sample }

// inTurn measures plain Caddy and then the gateway, as often as there are
// rounds. ours is given the round.
func (b *bench) inTurn(ctx context.Context, l load, ours func() (sample, error)) (p pair, err error) {
	plain := l
	plain.status, plain.forged = 204, false
	for round := range b.rounds {
		b.progress.say("round %d of %d, plain Caddy", round+1, b.rounds)
		s, err := b.offer(ctx, b.plain, plain)
		if err != nil {
			return p, fmt.Errorf("plain Caddy: %w", err)
		}
		p.plain = append(p.plain, s)
		b.progress.say("round %d of %d, the gateway", round+1, b.rounds)
		if s, err = ours(); err != nil {
			return p, err
		}
		p.ours = append(p.ours, s)
	}
	return p, nil
}

// onEmpty measures a load on a gateway with an empty store.
func (b *bench) onEmpty(ctx context.Context, config string, l load) (s sample, err error) {
	p, err := b.begin(ctx, config)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, b.remove(p)) }()
	return b.offer(ctx, p, l)
}

// figures are one figure of each round.
func figures(samples []sample, of func(sample) float64) []float64 {
	out := make([]float64, len(samples))
	for i, s := range samples {
		out[i] = of(s)
	}
	return out
}

func rateOf(s sample) float64 { return s.perSecond() }
func cpuOf(s sample) float64  { return s.cpu }
func p50Of(s sample) float64  { return s.latency.at(.5).Seconds() }
func p99Of(s sample) float64  { return s.latency.at(.99).Seconds() }

// times is the median of what ours is of plain's, round by round.
func times(ours, plain []float64) float64 {
	ratios := make([]float64, len(ours))
	for i := range ours {
		ratios[i] = ours[i] / plain[i]
	}
	return median(ratios)
}
