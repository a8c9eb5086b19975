package gateway

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// ErrClosed tells that the engine takes no more requests.
var ErrClosed = errors.New("the gateway is closed")

// drainFor is how long Close waits for requests that are being received.
const drainFor = 10 * time.Second

// Engine receives, routes and delivers over one store. It outlives configs:
// they are attached and detached while it runs.
type Engine struct {
	store store.Store
	log   *slog.Logger

	// receiving counts the requests between Enter and their leave.
	receiving inflight

	mu          sync.Mutex // guards generations and running
	generations []*Config
	running     *background // nil while no config is attached
	// current is the config in force; while none is attached, the last one.
	current atomic.Pointer[Config]

	crew   *crew
	pauses *pauses
	// pausing lets one change of them be made at a time.
	pausing sync.Mutex

	clock   clock.Watch // for purging
	arrived chan struct{}
	// strangers bounds how many unverified requests are decoded at once.
	strangers chan struct{}
	flood     flood
	refusals  refusals
}

// New makes an engine over an open store, which it owns from then on. It
// accepts at once, and routes and delivers as soon as a config is attached.
func New(s store.Store, log *slog.Logger) *Engine {
	e := &Engine{store: s, log: log, arrived: make(chan struct{}, 1), strangers: make(chan struct{}, 2), flood: newFlood()}
	e.current.Store(&Config{Quarantine: Quarantine{Age: DefaultQuarantineAge, Limit: DefaultQuarantineLimit}})
	e.pauses = newPauses(s, log)
	e.crew = newCrew(log, func(b *delivery.Backend) *delivery.Worker {
		return delivery.Start(pausable{s, e.pauses}, b, e.original, log)
	})
	return e
}

// Enter announces a request that is about to be received. The engine stays
// open until leave is called, once; ok is false when it is closed.
func (e *Engine) Enter() (leave func(), ok bool) { return e.receiving.enter() }

// Counts returns the store's running counts.
func (e *Engine) Counts(ctx context.Context) (store.Counts, error) { return e.store.Counts(ctx) }

// Close drains the requests that are being received, stops delivering and
// closes the store. Only the first call does anything.
func (e *Engine) Close() error {
	if !e.receiving.close(drainFor) {
		e.log.Warn("closing while requests are still being received", "waited", drainFor)
	}
	e.mu.Lock()
	e.generations = nil
	e.apply()
	e.mu.Unlock()
	return e.store.Close()
}

// config is the one in force; never nil.
func (e *Engine) config() *Config { return e.current.Load() }

// inflight counts what runs and can be closed to newcomers.
type inflight struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{} // closed when closed and n is 0
}

func (f *inflight) enter() (func(), bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return nil, false
	}
	f.n++
	return f.leave, true
}

func (f *inflight) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n--
	if f.closed && f.n == 0 {
		close(f.idle)
	}
}

// close turns newcomers away and waits until all have left, at most for d.
func (f *inflight) close(d time.Duration) bool {
	f.mu.Lock()
	if f.idle == nil {
		f.idle = make(chan struct{})
		f.closed = true
		if f.n == 0 {
			close(f.idle)
		}
	}
	f.mu.Unlock()
	select {
	case <-f.idle:
		return true
	case <-time.After(d):
		return false
	}
}
