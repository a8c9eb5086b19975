package caddymodule

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// spaceEvery is how often a gateway that found no room on its disk looks again.
const spaceEvery = time.Second

// Start opens the store, or joins the config before in using it, and puts this
// config into force. A disk without room is no reason to keep the rest of the
// server down: until there is room, sources answer 503. But it is one to stay with
// the config before, where that has a store that works.
func (a *App) Start() error {
	err := a.join()
	before := activeApp()
	if err != nil && (!errors.Is(err, store.ErrLowSpace) || before != nil && before.running() != nil) {
		return err
	}
	a.noRoom.Store(err != nil)
	go a.alarms.tell(a.space)
	if err == nil {
		return nil
	}
	a.log.Error("the gateway waits for room on its disk; until then senders are asked to come again", "error", err)
	a.quit = make(chan struct{})
	a.settled()
	a.waiting.Go(a.await)
	return nil
}

// join takes hold of the engine and attaches this config to it.
func (a *App) join() error {
	engine, err := holdEngine(a.store, a.log)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, r := range a.sources {
		a.config.Sources[name] = r.source
	}
	a.engine = engine
	a.detach = engine.Attach(a.config)
	a.settled()
	a.log.Info("the gateway receives and delivers", "store", a.store.identity(),
		"sources", slices.Sorted(maps.Keys(a.sources)), "backends", len(a.Backends), "rules", len(a.Rules))
	a.warnOfPublic()
	return nil
}

// await joins as soon as there is room.
func (a *App) await() {
	tick := time.NewTicker(spaceEvery)
	defer tick.Stop()
	for {
		select {
		case <-a.quit:
			return
		case <-tick.C:
		}
		err := a.join()
		if err == nil {
			a.noRoom.Store(false)
			a.log.Info("the disk has room again; the gateway works")
			return
		}
		if !errors.Is(err, store.ErrLowSpace) {
			a.log.Error("the gateway still can't open its store; it tries again", "error", err)
		}
	}
}

// Stop stops delivering by this config. Requests are still accepted: on a
// reload the HTTP server may hand us some that it took before.
func (a *App) Stop() error {
	if a.quit != nil {
		close(a.quit)
		a.waiting.Wait()
		a.quit = nil
	}
	a.mu.RLock()
	detach := a.detach
	a.mu.RUnlock()
	if detach != nil {
		detach()
	}
	a.alarms.stop()
	return nil
}

// Cleanup lets go of the store. The last config that used it closes it.
func (a *App) Cleanup() error {
	engine := a.running()
	if engine == nil {
		return nil
	}
	counts, _ := engine.Counts(context.Background())
	closed, err := releaseEngine(a.store)
	if closed && !caddy.Exiting() {
		a.tellLeft(counts)
	}
	return err
}

// tellLeft says what waits in a store that no config names any more.
func (a *App) tellLeft(c store.Counts) {
	var deliveries uint64
	for _, b := range c.Backends {
		deliveries += b.Waiting
	}
	if c.Events.Waiting+deliveries > 0 {
		a.log.Warn("the config left this store, and what waits in it; name it again to have that delivered",
			"store", a.store.identity(), "events", c.Events.Waiting, "deliveries", deliveries)
	}
}

// startWait is how long a request waits for Start: Caddy starts its apps in any
// order, and some senders never come again after a 503.
const startWait = 5 * time.Second

// started is the engine, for which a request that came before Start waits. It
// is nil where there is none to come.
func (a *App) started(ctx context.Context) *gateway.Engine {
	if engine := a.running(); engine != nil {
		return engine
	}
	ctx, cancel := context.WithTimeout(ctx, startWait)
	defer cancel()
	select {
	case <-a.decided:
	case <-ctx.Done():
	}
	return a.running()
}

// running is the engine; nil before Start, and while the disk has no room.
func (a *App) running() *gateway.Engine {
	a.mu.RLock()
	defer a.mu.RUnlock()
	return a.engine
}

// errNotOpen: the app has not started, or not yet.
var errNotOpen = errors.New("the store is not open")

// ready tells why a request would not be kept now; nil where it would.
func (a *App) ready() error {
	switch engine := a.running(); {
	case engine != nil:
		return engine.Ready()
	case a.noRoom.Load():
		return store.ErrLowSpace
	}
	return errNotOpen
}

// space is how much of it the store has, and why it keeps nothing.
func (a *App) space() (m store.Measures, err error) {
	if engine := a.running(); engine != nil {
		m, _ = engine.Measures()
	}
	return m, a.ready()
}
