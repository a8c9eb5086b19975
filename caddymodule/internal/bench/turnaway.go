package main

import (
	"context"
	"errors"
	"fmt"
)

// measureDuplicates is how fast events are answered that were all kept before.
func (b *bench) measureDuplicates(ctx context.Context) (rows []row, err error) {
	p, err := b.begin(ctx, gateway(dropping))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.remove(p)) }()
	first := b.ids.Load() + 1
	if _, err := b.offer(ctx, p, b.batch(b.known)); err != nil {
		return nil, err
	}
	l := b.load()
	l.ids, l.status = around(first, b.known), 200
	pair, err := b.inTurn(ctx, l, func() (sample, error) { return b.offer(ctx, p, l) })
	if err != nil {
		return nil, err
	}
	return []row{atLeast("duplicates/s, all known", .65, pair)}, nil
}

// measureForged is how fast forged requests are answered once the quarantine
// is full.
func (b *bench) measureForged(ctx context.Context) (rows []row, err error) {
	p, err := b.begin(ctx, gateway(dropping, fmt.Sprintf("quarantine 7d %d", b.quarantine)))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, b.remove(p)) }()
	fill := b.batch(b.quarantine)
	fill.forged = true
	if _, err := b.offer(ctx, p, fill); err != nil {
		return nil, err
	}
	l := b.load()
	l.forged, l.status = true, 401
	pair, err := b.inTurn(ctx, l, func() (sample, error) { return b.offer(ctx, p, l) })
	if err != nil {
		return nil, err
	}
	return []row{atLeast("forged requests/s, quarantine full", .70, pair)}, nil
}
