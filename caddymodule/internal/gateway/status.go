package gateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// Status is how the engine stands. It costs the same however much is kept.
type Status struct {
	Counts store.Counts
	// Measures are nil where the store can't tell.
	Measures *store.Measures
	// Down tells of each backend that has a worker whether it is spared now,
	// because it failed too often in a row.
	Down map[string]bool
	// Last is the attempt that ended last at each backend since the start.
	Last map[string]event.Attempt
	// Paused tells since when each backend is that an operator paused.
	Paused map[string]time.Time
	// Sources and Backends are those of the config in force.
	Sources, Backends []string
	// QuarantineLimit is how many requests each source's quarantine holds.
	QuarantineLimit int
}

// Status tells how the engine stands.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	counts, err := e.store.Counts(ctx)
	if err != nil {
		return Status{}, err
	}
	c := e.config()
	s := Status{
		Counts: counts, Down: e.crew.down(), QuarantineLimit: c.Quarantine.Limit,
		Last: e.crew.last(), Paused: e.pauses.paused(),
		Sources: slices.Sorted(maps.Keys(c.Sources)),
	}
	for _, b := range c.Backends {
		s.Backends = append(s.Backends, b.Name)
	}
	if m, ok := e.Measures(); ok {
		s.Measures = &m
	}
	return s, nil
}

// Measures is how the store stands; ok is false where it can't tell.
func (e *Engine) Measures() (m store.Measures, ok bool) {
	w, ok := e.store.(store.Watched)
	if !ok {
		return m, false
	}
	return w.Measure(), true
}

// Ready tells why a request would not be kept now; nil where it would. A
// backlog or a backend that is down is no such reason.
func (e *Engine) Ready() error {
	leave, ok := e.Enter()
	if !ok {
		return ErrClosed
	}
	defer leave()
	if w, ok := e.store.(store.Watched); ok {
		return w.Ready()
	}
	return nil
}

// down tells of each worker whether its backend is.
func (c *crew) down() map[string]bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	down := make(map[string]bool, len(c.workers))
	for name, w := range c.workers {
		down[name] = w.Down()
	}
	return down
}

// last tells of each worker that made an attempt which was the last.
func (c *crew) last() map[string]event.Attempt {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := make(map[string]event.Attempt, len(c.workers))
	for name, w := range c.workers {
		if a := w.Last(); !a.At.IsZero() {
			last[name] = a
		}
	}
	return last
}
