package main

import (
	"context"
	"errors"
	"fmt"
)

// measureIdle is the memory of a gateway that has nothing to do, above that of
// plain Caddy.
func (b *bench) measureIdle(ctx context.Context) ([]row, error) {
	r := row{What: "resident memory, idle", Bar: "≤ 60 MB above plain Caddy", Unit: "bytes"}
	for range b.rounds {
		plain, err := b.idle(ctx, plainCaddy)
		if err != nil {
			return nil, err
		}
		ours, err := b.idle(ctx, gateway(dropping))
		if err != nil {
			return nil, err
		}
		r.PlainRounds = append(r.PlainRounds, plain)
		r.Rounds = append(r.Rounds, ours)
	}
	above := median(r.Rounds) - median(r.PlainRounds)
	r.Measured = fmt.Sprintf("%s, %s above", megabytes(median(r.Rounds)), megabytes(above))
	r.Plain = megabytes(median(r.PlainRounds))
	r.Met = above <= 60*mb
	return []row{r}, nil
}

// idle is the bytes of resident memory of a Caddy that just started.
func (b *bench) idle(ctx context.Context, config string) (bytes float64, err error) {
	p, err := b.begin(ctx, config)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, b.remove(p)) }()
	if _, err := p.settle(ctx, b.look); err != nil {
		return 0, err
	}
	resident, err := p.resident()
	return float64(resident), err
}
