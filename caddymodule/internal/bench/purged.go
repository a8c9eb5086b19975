package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"
)

// retention is how long finished events are kept where they are to be purged.
const retention = time.Second

// measurePurged is what the store's folder takes once all that waited was
// delivered and purged.
func (b *bench) measurePurged(ctx context.Context) (rows []row, err error) {
	if b.waiting == nil {
		if err := b.fillWaiting(ctx); err != nil {
			return nil, err
		}
	}
	to, err := newBackend()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, to.close()) }()
	config := gateway(delivering(to.url(), b.backoff), fmt.Sprintf("retention %v", retention))
	p, err := b.again(ctx, b.waiting, config)
	if err != nil {
		return nil, err
	}
	b.waiting = nil
	if err := b.awaitArrivals(ctx, to, p.kept); err != nil {
		return nil, fmt.Errorf("%w\nthe end of Caddy's log:\n%s", err, p.tail())
	}
	if b.brief { // it purges when it starts, and then each minute
		time.Sleep(retention)
		if p, err = b.again(ctx, p, config); err != nil {
			return nil, err
		}
	}
	if err := b.awaitPurge(ctx, p); err != nil {
		return nil, err
	}
	if _, err := p.settle(ctx, b.look); err != nil {
		return nil, err
	}
	takes, err := diskBytes(filepath.Join(p.dir, "store"))
	if err != nil {
		return nil, err
	}
	return []row{purgedRow(p.kept, takes)}, b.remove(p)
}

// purgedRow compares a folder with what at least has to be in it: of each
// event its dedupe key and its id.
func purgedRow(events int, takes int64) row {
	live := int64(events) * int64(2*idBytes)
	most := 2*live + 200*mb
	return row{
		What:     fmt.Sprintf("disk after %s events were delivered and purged", count(float64(events))),
		Bar:      fmt.Sprintf("≤ 2 × what is live + 200 MB (%s)", megabytes(float64(most))),
		Measured: megabytes(float64(takes)), Met: takes <= most,
		Unit: "bytes", Rounds: []float64{float64(takes)},
	}
}

// stalled is how long nothing may happen until waiting is given up. It is
// longer than the waits between the first attempts.
const stalled = 3 * time.Minute

// await waits until a count is reached.
func (b *bench) await(ctx context.Context, what string, want int, have func() (int, error)) error {
	last, since := -1, time.Now()
	for {
		n, err := have()
		switch {
		case err != nil:
			return err
		case n >= want:
			return nil
		case n > last:
			last, since = n, time.Now()
		case time.Since(since) > stalled:
			return fmt.Errorf("only %s of %s events were %s, and no more for %v", commas(n), commas(want), what, stalled)
		}
		b.progress.say("%s of %s events %s", commas(n), commas(want), what)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(b.look):
		}
	}
}

func (b *bench) awaitArrivals(ctx context.Context, to *backend, events int) error {
	return b.await(ctx, "delivered", events, func() (int, error) { return int(to.arrived.Load()), nil })
}
