package badgerstore

import (
	"context"
	"sync"
)

// claims let one keeper of a dedupe key work at a time. The others wait, and
// then find what it wrote, on disk. So no look at a key is needed in the step.
type claims struct {
	mu   sync.Mutex
	held map[dedupeHash]chan struct{} // closed when it is released
}

// claim waits for the key, at most as long as the context lives and the disk is
// waited for.
func (c *claims) claim(ctx context.Context, key dedupeHash) error {
	other := c.take(key)
	if other == nil {
		return nil
	}
	ctx, cancel := patient(ctx)
	defer cancel()
	for ; other != nil; other = c.take(key) {
		select {
		case <-other:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// take claims the key, or returns what tells when another has released it.
func (c *claims) take(key dedupeHash) (other chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	other, held := c.held[key]
	if !held {
		if c.held == nil {
			c.held = make(map[dedupeHash]chan struct{})
		}
		c.held[key] = nil
		return nil
	}
	if other == nil {
		other = make(chan struct{}) // made by the first that has to wait
		c.held[key] = other
	}
	return other
}

func (c *claims) release(key dedupeHash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if waiting := c.held[key]; waiting != nil {
		close(waiting)
	}
	delete(c.held, key)
}
