package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/rules"
)

// App is the webhook gateway: where events are kept, by which rules they are
// routed, and to which backends. The sources stand in the sites' routes, as
// `receive_webhooks` handlers.
type App struct {
	// Where events are kept. Default: `badger` in Caddy's data directory.
	StoreRaw json.RawMessage `json:"store,omitempty" caddy:"namespace=webhook_gateway.stores inline_key=module"`

	// The internal endpoints that events are delivered to.
	Backends []*Backend `json:"backends,omitempty"`

	// Which events go where. All rules are evaluated, in this order.
	Rules []*Rule `json:"rules,omitempty"`

	// The names of the backends for events that no rule took. Without it they
	// stand as unrouted. Default: none.
	Default []string `json:"default,omitempty"`

	// How long events stay after all their deliveries are done.
	// Default: 30 days.
	Retention caddy.Duration `json:"retention,omitempty"`

	// How long events stay that are unrouted, invalid or dead, and what is
	// never purged while a delivery waits. Default: three times the retention.
	RetentionStuck caddy.Duration `json:"retention_stuck,omitempty"`

	// How long a request that failed verification stays in the quarantine.
	// Default: 7 days.
	QuarantineAge caddy.Duration `json:"quarantine_age,omitempty"`

	// How many requests each source's quarantine holds. When it is full,
	// requests that fail verification are answered 401. Default: 1000.
	QuarantineLimit int `json:"quarantine_limit,omitempty"`

	defaultAt rules.Position
	private   *private

	store  storeModule
	config *gateway.Config
	log    *slog.Logger

	mu      sync.RWMutex // guards what follows
	sources map[string]*registered
	engine  *gateway.Engine
	detach  func()

	// decided is closed when Start has an engine, or knows that it has none;
	// settled closes it.
	decided chan struct{}
	settled func()

	alarms *alarms

	// noRoom is set while Start waits for room on the disk.
	noRoom atomic.Bool
	// quit and waiting are of the wait for room on the disk.
	quit    chan struct{}
	waiting sync.WaitGroup
}

// registered is a source and the config it was made from.
type registered struct {
	source *gateway.Source
	config string
	public bool // anybody knows a secret of it
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: appName, New: func() caddy.Module { return new(App) }}
}

// Provision compiles the config. It opens nothing: `caddy validate` beside a
// running server provisions too.
func (a *App) Provision(ctx caddy.Context) error {
	a.log = ctx.Slogger()
	a.sources = make(map[string]*registered)
	a.private = newPrivate()
	a.decided = make(chan struct{})
	a.settled = sync.OnceFunc(func() { close(a.decided) })
	if err := a.loadStore(ctx); err != nil {
		return err
	}
	if err := a.watched(ctx); err != nil {
		return err
	}
	set, err := compileRules(a.Rules, a.Default, a.Backends)
	if err != nil {
		return err
	}
	a.config = &gateway.Config{
		Rules:      set,
		Sources:    make(map[string]*gateway.Source),
		Retention:  a.retention(),
		Quarantine: a.quarantine(),
		Tracer:     tracer,
	}
	for i, b := range a.Backends {
		compiled, err := b.compile(ctx)
		if err != nil {
			return fmt.Errorf("backend %s: %w", b.label(i), err)
		}
		compiled.Watch, compiled.Tracer = meters.backend(b.Name, a.alarms), tracer
		a.config.Backends = append(a.config.Backends, compiled)
	}
	return nil
}

// watched lets Caddy's metrics and its events app see the gateway.
func (a *App) watched(ctx caddy.Context) (err error) {
	if a.alarms, err = newAlarms(ctx); err != nil {
		return fmt.Errorf("the events app: %w", err)
	}
	return meters.register(ctx)
}

func (a *App) loadStore(ctx caddy.Context) error {
	if a.StoreRaw == nil {
		a.StoreRaw = json.RawMessage(`{"module": "badger"}`)
	}
	mod, err := ctx.LoadModule(a, "StoreRaw")
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	s, ok := mod.(storeModule)
	if !ok {
		return fmt.Errorf("store: %T is not a store", mod)
	}
	a.store = s
	return nil
}

func (a *App) retention() gateway.Retention {
	r := gateway.Retention{Finished: time.Duration(a.Retention), Stuck: time.Duration(a.RetentionStuck)}
	if r.Finished == 0 {
		r.Finished = gateway.DefaultFinished
	}
	if r.Stuck == 0 {
		r.Stuck = 3 * r.Finished
	}
	return r
}

func (a *App) quarantine() gateway.Quarantine {
	q := gateway.Quarantine{Age: time.Duration(a.QuarantineAge), Limit: a.QuarantineLimit}
	if q.Age == 0 {
		q.Age = gateway.DefaultQuarantineAge
	}
	if q.Limit == 0 {
		q.Limit = gateway.DefaultQuarantineLimit
	}
	return q
}

// Validate refuses what would surprise its owner later.
func (a *App) Validate() error {
	if a.Retention < 0 || a.RetentionStuck < 0 || a.QuarantineAge < 0 || a.QuarantineLimit < 0 {
		return errors.New("retention and quarantine must not be negative")
	}
	if r := a.retention(); r.Stuck < r.Finished {
		return fmt.Errorf("retention of unrouted, invalid and dead events (%s) must not be shorter than that of finished ones (%s)", r.Stuck, r.Finished)
	}
	return nil
}

// register makes a source known under its name. The same handler in several
// sites or routes is one source; two that differ need two names. What proves its
// requests is kept out of the logs of all.
func (a *App) register(s *gateway.Source, proof *Proof, config string) (*gateway.Source, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	known, ok := a.sources[s.Name]
	switch {
	case !ok:
		a.sources[s.Name] = &registered{s, config, proof.isPublic()}
		return s, a.private.add(proof)
	case known.config == config:
		return known.source, nil
	}
	return nil, fmt.Errorf("two sources are named %q and differ; give one of them another with `name`", s.Name)
}

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.Validator    = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
