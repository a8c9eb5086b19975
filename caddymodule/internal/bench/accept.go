package main

import (
	"context"
	"fmt"
	"time"
)

// measureStart is how fast an empty gateway accepts.
func (b *bench) measureStart(ctx context.Context) ([]row, error) {
	l := b.load()
	p, err := b.inTurn(ctx, l, func() (sample, error) { return b.onEmpty(ctx, gateway(dropping), l) })
	if err != nil {
		return nil, err
	}
	b.acceptOnly = median(figures(p.ours, rateOf))
	return []row{
		atLeast("accepted/s at the start", .50, p),
		cpuAtMost("CPU-s per 1,000 accepted at the start", 2.8, p),
	}, nil
}

// measureOffered is how long answers take where requests come at fixed rates.
func (b *bench) measureOffered(ctx context.Context) (rows []row, err error) {
	sync, err := b.syncTime()
	if err != nil {
		return nil, err
	}
	var disk stalls
	for i, rate := range b.offered {
		most, bar := 25*time.Millisecond, "≤ 25 ms"
		if i == 0 {
			most, bar = offeredBar(sync)
		}
		l := b.open(rate)
		p, err := b.inTurn(ctx, l, func() (sample, error) {
			if err := disk.look(b); err != nil {
				return sample{}, err
			}
			return b.onEmpty(ctx, gateway(dropping), l)
		})
		if err != nil {
			return rows, err
		}
		rows = append(rows, within(fmt.Sprintf("p99 of the answer at %s/s offered", count(rate)), bar, most, p, p99Of))
	}
	return append(rows, disk.row()), nil
}

// offeredBar is the bar for the lower rate, by how long a sync takes.
func offeredBar(sync time.Duration) (time.Duration, string) {
	if sync <= 500*time.Microsecond {
		return 5 * time.Millisecond, "≤ 5 ms"
	}
	most := 3*sync + 4*time.Millisecond
	return most, fmt.Sprintf("≤ 3 syncs + 4 ms (%s)", ms(most.Seconds()))
}

// measureSingle is how long an answer takes where nothing else happens.
func (b *bench) measureSingle(ctx context.Context) ([]row, error) {
	l := b.load()
	l.conns = 1
	var syncs []time.Duration
	p, err := b.inTurn(ctx, l, func() (sample, error) {
		sync, err := b.syncTime()
		if err != nil {
			return sample{}, err
		}
		syncs = append(syncs, sync)
		return b.onEmpty(ctx, gateway(dropping), l)
	})
	if err != nil {
		return nil, err
	}
	most := median(syncs) + 300*time.Microsecond
	bar := fmt.Sprintf("≤ 1 sync + 0.3 ms (%s)", ms(most.Seconds()))
	return []row{within("one connection, one event at a time, p50", bar, most, p, p50Of)}, nil
}
