package main

import (
	"context"
	"fmt"
	"path/filepath"
)

// measureStored is how fast it accepts with many events stored, and what
// storing them took.
func (b *bench) measureStored(ctx context.Context) ([]row, error) {
	filled, err := b.fillStored(ctx, b.events, kib, curve{Title: "events stored", Unit: "events"})
	if err != nil {
		return nil, err
	}
	taken, err := diskBytes(filepath.Join(b.stored.dir, "store"))
	if err != nil {
		return nil, err
	}
	each := float64(taken) / float64(b.stored.kept)
	l := b.load()
	p, err := b.inTurn(ctx, l, func() (sample, error) { return b.offer(ctx, b.stored, l) })
	if err != nil {
		return nil, err
	}
	after := fmt.Sprintf("after %s events", commas(b.events))
	written := row{
		What: "disk written per accepted 1 KB event", Bar: "≤ 6 KB", Unit: "bytes",
		Measured: fmt.Sprintf("%.1f KB", filled.written/kib), Met: filled.written <= 6*kib, Rounds: []float64{filled.written},
	}
	return []row{
		atLeast("accepted/s "+after, .45, p),
		cpuAtMost("CPU-s per 1,000 accepted "+after, 3.2, p),
		written,
		{What: "disk that a kept 1 KB event takes", Unit: "bytes", Measured: fmt.Sprintf("%.1f KB", each/kib), Rounds: []float64{each}},
		memoryAtMost("resident memory under full load", 400*mb, float64(filled.peak)),
	}, nil
}

// measureKeys is how fast it accepts where it knows many dedupe keys, against
// an empty store.
func (b *bench) measureKeys(ctx context.Context) (rows []row, err error) {
	more := b.keys
	if b.stored != nil {
		more -= b.events
	}
	if _, err := b.fillStored(ctx, more, 256, curve{Title: "dedupe keys known", Unit: "keys"}); err != nil {
		return nil, err
	}
	l := b.load()
	var none []sample
	p, err := b.inTurn(ctx, l, func() (sample, error) {
		empty, err := b.onEmpty(ctx, gateway(dropping), l)
		if err != nil {
			return empty, err
		}
		none = append(none, empty)
		return b.offer(ctx, b.stored, l)
	})
	if err != nil {
		return nil, err
	}
	r := atLeast(fmt.Sprintf("accepted/s with %s dedupe keys", commas(b.keys)), 0, p)
	without := figures(none, rateOf)
	x := times(r.Rounds, without)
	r.Bar = "≥ 0.90 × with none"
	r.Measured = fmt.Sprintf("%s/s, %.2f × %s/s", count(median(r.Rounds)), x, count(median(without)))
	r.Met = x >= .9
	stored := b.stored
	b.stored = nil
	return []row{r}, b.remove(stored)
}

// fillStored stores so many more events that are dropped.
func (b *bench) fillStored(ctx context.Context, more, bytes int, c curve) (sample, error) {
	if b.stored == nil {
		p, err := b.begin(ctx, gateway(dropping))
		if err != nil {
			return sample{}, err
		}
		b.stored = p
	}
	return b.fill(ctx, b.stored, more, bytes, c)
}
