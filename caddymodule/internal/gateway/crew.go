package gateway

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
)

// attemptsFor bounds how long stopping waits for attempts under way, whatever
// timeout their backend has. An attempt cut off is made again later, with the
// same Idempotency-Key.
const attemptsFor = 30 * time.Second

// crew is one worker for each backend of the config in force.
type crew struct {
	mu      sync.Mutex
	workers map[string]*delivery.Worker
	// leaving are workers whose last attempts are under way.
	leaving sync.WaitGroup
	start   func(*delivery.Backend) *delivery.Worker
	log     *slog.Logger
}

func newCrew(log *slog.Logger, start func(*delivery.Backend) *delivery.Worker) *crew {
	return &crew{workers: make(map[string]*delivery.Worker), start: start, log: log}
}

// follow gives each backend a worker, or its worker the new settings, and lets
// the others go. What waits for those stays in the store.
func (c *crew) follow(backends []*Backend) {
	c.mu.Lock()
	defer c.mu.Unlock()
	wanted := make(map[string]bool, len(backends))
	for _, b := range backends {
		wanted[b.Name] = true
		if w, ok := c.workers[b.Name]; ok {
			w.Update(b.Backend)
			continue
		}
		c.workers[b.Name] = c.start(b.Backend)
	}
	for name, w := range c.workers {
		if !wanted[name] {
			c.log.Info("backend left the config; its deliveries wait until it is back", "backend", name)
			c.dismiss(name, w)
		}
	}
}

// stop lets every worker go and waits for the attempts under way.
func (c *crew) stop() {
	c.mu.Lock()
	for name, w := range c.workers {
		c.dismiss(name, w)
	}
	c.mu.Unlock()
	c.leaving.Wait()
}

func (c *crew) dismiss(name string, w *delivery.Worker) {
	delete(c.workers, name)
	c.leaving.Go(func() {
		ctx, cancel := context.WithTimeout(context.Background(), attemptsFor)
		defer cancel()
		w.Stop(ctx)
		// The backend may be back, with a worker that knows nothing of what this one left.
		c.wake(map[string]bool{name: true})
	})
}

// wake lets the workers look for deliveries that just fell due.
func (c *crew) wake(backends map[string]bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for name := range backends {
		if w, ok := c.workers[name]; ok {
			w.Wake()
		}
	}
}
