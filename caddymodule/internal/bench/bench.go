package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
)

const kib = 1 << 10

// bench is one run: what is measured, and what runs for it.
type bench struct {
	scale
	caddy    string // the binary
	folder   string // for all stores
	progress *progress

	plain    *process
	running  []*process
	folders  int
	ids      atomic.Uint64
	answered atomic.Int64

	// What one measurement leaves for those after it.
	acceptOnly float64  // accepted/s at the start
	stored     *process // a store with many finished events
	waiting    *process // a store with many waiting deliveries
	growth     []curve
}

// begin starts Caddy on a config in an empty folder.
func (b *bench) begin(ctx context.Context, config string) (*process, error) {
	b.folders++
	dir := filepath.Join(b.folder, fmt.Sprint(b.folders))
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	return b.run(ctx, dir, config, 0)
}

// again stops a process and starts it on another config over the same store.
func (b *bench) again(ctx context.Context, p *process, config string) (*process, error) {
	if err := b.stop(p); err != nil {
		return nil, err
	}
	return b.run(ctx, p.dir, config, p.kept)
}

func (b *bench) run(ctx context.Context, dir, config string, kept int) (*process, error) {
	awake, err := b.pauseBut(nil)
	if err != nil {
		return nil, err
	}
	p, err := start(ctx, b.caddy, dir, config)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting Caddy: %w\nthe end of its log:\n%s", err, tail(filepath.Join(dir, "log"))), awake())
	}
	if p.kept = kept; kept == 0 {
		p.kept = 1 // what was sent until it answered
	}
	b.running = append(b.running, p)
	return p, awake()
}

func (b *bench) stop(p *process) error {
	b.running = slices.DeleteFunc(b.running, func(other *process) bool { return other == p })
	if err := p.stop(); err != nil {
		return fmt.Errorf("stopping Caddy: %w\nthe end of its log:\n%s", err, p.tail())
	}
	return nil
}

// remove stops a process and deletes its store.
func (b *bench) remove(p *process) error {
	return errors.Join(b.stop(p), os.RemoveAll(p.dir))
}

// close kills whatever runs.
func (b *bench) close() error {
	var errs []error
	for _, p := range b.running {
		errs = append(errs, p.kill())
	}
	b.running = nil
	return errors.Join(errs...)
}

// pauseBut pauses all processes but one, so that what one of them still does
// for itself costs no other its CPU, until awake is called.
func (b *bench) pauseBut(p *process) (awake func() error, err error) {
	var paused []*process
	awake = func() error {
		var errs []error
		for _, other := range paused {
			errs = append(errs, other.resume())
		}
		return errors.Join(errs...)
	}
	for _, other := range b.running {
		if other == p {
			continue
		}
		if err := other.pause(); err != nil {
			return nil, errors.Join(err, awake())
		}
		paused = append(paused, other)
	}
	return awake, nil
}
