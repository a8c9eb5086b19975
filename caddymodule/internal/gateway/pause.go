package gateway

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// pauses are what the store remembers of backends that an operator paused.
type pauses struct {
	mu sync.Mutex
	of map[string]store.Pause
}

func newPauses(s store.Store, log *slog.Logger) *pauses {
	of, err := s.Pauses(context.Background())
	if err != nil {
		log.Error("the store doesn't say which backends are paused; all are delivered to", "error", err)
	}
	if of == nil {
		of = make(map[string]store.Pause)
	}
	return &pauses{of: of}
}

func (p *pauses) get(backend string) store.Pause {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.of[backend]
}

func (p *pauses) set(backend string, to store.Pause) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.of[backend] = to
}

// paused tells since when each paused backend is.
func (p *pauses) paused() map[string]time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := make(map[string]time.Time)
	for name, pause := range p.of {
		if pause.Paused {
			since[name] = pause.Since
		}
	}
	return since
}

// pausable is the queue of a worker. A paused backend's deliveries wait in the
// store, and when it is resumed each has its whole time for retries before it:
// so none of that runs out in the pause, and nothing is written for each.
type pausable struct {
	delivery.Queue
	pauses *pauses
}

// Lease hands out nothing of a paused backend.
func (q pausable) Lease(ctx context.Context, backend string, now time.Time, n int, longest time.Duration) ([]*event.Delivery, time.Time, error) {
	p := q.pauses.get(backend)
	if p.Paused {
		return nil, time.Time{}, ctx.Err()
	}
	ds, next, err := q.Queue.Lease(ctx, backend, now, n, longest)
	for _, d := range ds {
		if d.Since.Before(p.Since) && !p.Since.After(now) {
			d.Since = p.Since
		}
	}
	return ds, next, err
}

// Pause stops delivering to a backend, across restarts, until Resume. It tells
// whether that changed anything.
func (e *Engine) Pause(ctx context.Context, backend string) (changed bool, err error) {
	return e.setPause(ctx, backend, true)
}

// Resume delivers to a paused backend again.
func (e *Engine) Resume(ctx context.Context, backend string) (changed bool, err error) {
	return e.setPause(ctx, backend, false)
}

func (e *Engine) setPause(ctx context.Context, backend string, paused bool) (changed bool, err error) {
	e.pausing.Lock()
	defer e.pausing.Unlock()
	if err := e.knows(ctx, backend); err != nil {
		return false, err
	}
	if e.pauses.get(backend).Paused == paused {
		return false, nil
	}
	p := store.Pause{Paused: paused, Since: now()}
	if err := e.store.SetPause(ctx, backend, p); err != nil {
		return false, err
	}
	e.pauses.set(backend, p)
	e.crew.pause(backend, paused)
	return true, nil
}

// knows refuses a backend that neither stands in the config nor ever had a
// delivery.
func (e *Engine) knows(ctx context.Context, backend string) error {
	counts, err := e.store.Counts(ctx)
	if err != nil {
		return err
	}
	_, counted := counts.Backends[backend]
	configured := slices.ContainsFunc(e.config().Backends, func(b *Backend) bool { return b.Name == backend })
	if !counted && !configured {
		return fmt.Errorf("backend %q: %w", backend, store.ErrNotFound)
	}
	return nil
}

func (c *crew) pause(backend string, paused bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.workers[backend]
	switch {
	case w == nil:
	case paused:
		w.Pause()
	default:
		w.Resume()
	}
}
