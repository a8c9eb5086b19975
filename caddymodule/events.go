package caddymodule

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// The names of what Caddy's events app is told.
const (
	eventDead       = "dead_letter"
	eventQuarantine = "quarantine_growing"
	eventDown       = "backend_down"
	eventUp         = "backend_up"
	eventLowSpace   = "store_low_on_space"
	eventReused     = "event_id_reused"
)

const (
	// maxAlarms is how many may wait to be told. A handler may take long, and
	// nothing here waits for it.
	maxAlarms = 256
	// maxEventID bounds an event id in an alarm, in bytes.
	maxEventID = 128
	// alarmEvery is how often what happens in numbers is told of, for each source.
	alarmEvery = time.Minute
)

// alarms tell Caddy's events app what an operator should hear of at once.
// Raising one takes no time: they are told by a goroutine of their own.
type alarms struct {
	ctx    caddy.Context
	events *caddyevents.App
	log    *slog.Logger
	raised chan alarm
	// running is closed when all of Caddy's apps are. Before that the events
	// app may not be asked anything.
	running chan struct{}
	begun   func()
	quit    chan struct{}
	stop    func()
	// tight is how low on space the store was found to be last; only the
	// goroutine that tells looks at it.
	tight tightness
}

type alarm struct {
	name string
	data map[string]any
}

func newAlarms(ctx caddy.Context) (*alarms, error) {
	app, err := ctx.App("events")
	if err != nil {
		return nil, err
	}
	a := &alarms{
		ctx: ctx, events: app.(*caddyevents.App), log: ctx.Slogger(),
		raised: make(chan alarm, maxAlarms), running: make(chan struct{}), quit: make(chan struct{}),
	}
	a.begun = sync.OnceFunc(func() { close(a.running) })
	a.stop = sync.OnceFunc(func() { close(a.quit) })
	return a, a.events.On("started", a)
}

// Handle hears that all apps have started.
func (a *alarms) Handle(context.Context, caddy.Event) error {
	a.begun()
	return nil
}

// raise never blocks.
func (a *alarms) raise(name string, data map[string]any) {
	select {
	case a.raised <- alarm{name, data}:
	default:
		a.log.Error("an event was not told to Caddy's events app: its handlers are too slow", "event", name)
	}
}

// tell runs until stop, and tells what was raised until then. While it waits
// it looks after the store's space. Nobody waits for it to end: a handler may
// be in its way.
func (a *alarms) tell(space func() (store.Measures, error)) {
	select {
	case <-a.running:
	case <-a.quit:
		return
	}
	tick := time.NewTicker(spaceEvery)
	defer tick.Stop()
	for {
		select {
		case al := <-a.raised:
			a.events.Emit(a.ctx, al.name, al.data)
		case <-tick.C:
			a.space(space())
		case <-a.quit:
			a.rest()
			return
		}
	}
}

// rest tells what was raised before the end.
func (a *alarms) rest() {
	for a.ctx.Err() == nil {
		select {
		case al := <-a.raised:
			a.events.Emit(a.ctx, al.name, al.data)
		default:
			return
		}
	}
}

func (a *alarms) dead(d *event.Delivery) {
	status := 0
	if n := len(d.Attempts); n > 0 {
		status = d.Attempts[n-1].Status
	}
	a.raise(eventDead, map[string]any{
		"backend": d.Backend, "source": d.Source, "event_id": short(d.EventID), "attempts": d.Count, "status": status,
	})
}

func (a *alarms) down(backend string, failures int) {
	a.raise(eventDown, map[string]any{"backend": backend, "failures": failures})
}

func (a *alarms) up(backend string, after time.Duration) {
	a.raise(eventUp, map[string]any{"backend": backend, "down_seconds": int(after.Seconds())})
}

func (a *alarms) quarantined(source string, requests int) {
	a.raise(eventQuarantine, map[string]any{"source": source, "requests": requests})
}

func (a *alarms) reused(source, id string, requests int) {
	a.raise(eventReused, map[string]any{"source": source, "event_id": short(id), "requests": requests})
}

// tightness is how low on space a store is.
type tightness int

const (
	roomy tightness = iota
	// low: less is free than twice the reserve.
	low
	// full: nothing is kept.
	full
)

// space raises an alarm when the store gets low on space, and another one when
// nothing is kept any more.
func (a *alarms) space(m store.Measures, err error) {
	now := roomy
	switch {
	case errors.Is(err, store.ErrLowSpace):
		now = full
	case m.Free < 2*m.Reserve:
		now = max(low, a.tight)
	case m.Free < 3*m.Reserve:
		now = a.tight // a little more room is no news
	}
	if now > a.tight {
		a.events.Emit(a.ctx, eventLowSpace, map[string]any{
			"free_bytes": m.Free, "reserve_bytes": m.Reserve, "keeps_events": now < full,
		})
	}
	a.tight = now
}

// flurry sums up what happens in numbers: the first is told at once, what
// follows at most once a minute.
type flurry struct {
	mu    sync.Mutex
	n     int
	until time.Time
}

// add counts one and tells how many to tell of now; 0 for none.
func (f *flurry) add(now time.Time) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.n++
	if now.Before(f.until) {
		return 0
	}
	n, f.n, f.until = f.n, 0, now.Add(alarmEvery)
	return n
}

func short(id string) string { return id[:min(len(id), maxEventID)] }

var _ caddyevents.Handler = (*alarms)(nil)
