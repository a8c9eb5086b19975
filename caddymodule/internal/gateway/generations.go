package gateway

import (
	"context"
	"slices"
	"sync"
)

// Attach puts a config into force and returns how to take it back: then the
// one before it, if it still is attached, is in force again. So a reload that
// fails after it was attached leaves the old config as it was.
func (e *Engine) Attach(c *Config) (detach func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.generations = append(e.generations, c)
	e.apply()
	return sync.OnceFunc(func() { e.detach(c) })
}

func (e *Engine) detach(c *Config) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if i := slices.Index(e.generations, c); i >= 0 {
		e.generations = slices.Delete(e.generations, i, i+1)
		e.apply()
	}
}

// apply makes routing and workers follow the newest generation. Without one
// it stops both and waits for attempts that are under way. The caller holds mu.
func (e *Engine) apply() {
	if len(e.generations) == 0 {
		e.running.stop()
		e.running = nil
		e.crew.stop()
		return
	}
	c := e.generations[len(e.generations)-1]
	if e.current.Swap(c) == c && e.running != nil {
		return
	}
	e.crew.follow(c.Backends)
	if e.running == nil {
		e.running = start(e.routeUntil, e.purgeUntil)
	}
	e.wakeRouter()
}

// background is a set of loops that run until stopped.
type background struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func start(loops ...func(context.Context)) *background {
	ctx, cancel := context.WithCancel(context.Background())
	b := &background{cancel: cancel}
	for _, loop := range loops {
		b.done.Go(func() { loop(ctx) })
	}
	return b
}

func (b *background) stop() {
	if b == nil {
		return
	}
	b.cancel()
	b.done.Wait()
}
