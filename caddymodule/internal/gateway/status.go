package gateway

import (
	"context"

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
	// QuarantineLimit is how many requests each source's quarantine holds.
	QuarantineLimit int
}

// Status tells how the engine stands.
func (e *Engine) Status(ctx context.Context) (Status, error) {
	counts, err := e.store.Counts(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{Counts: counts, Down: e.crew.down(), QuarantineLimit: e.config().Quarantine.Limit}
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
