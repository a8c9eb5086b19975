package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/failpoint"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
	"github.com/porterslodge/porterslodge/caddymodule/internal/tracing"
	"github.com/porterslodge/porterslodge/rules"
)

const (
	// routeBatch is how many events share one synced write.
	routeBatch = 256
	// routeRetry is the wait after the store failed to read or write.
	routeRetry = time.Second
)

// wakeRouter tells the router that an event arrived. It never blocks.
func (e *Engine) wakeRouter() {
	select {
	case e.arrived <- struct{}{}:
	default:
	}
}

// routeUntil routes waiting events in the order of their arrival.
func (e *Engine) routeUntil(ctx context.Context) {
	for {
		more, err := e.routeBatch(ctx)
		var retry <-chan time.Time
		switch {
		case ctx.Err() != nil, errors.Is(err, store.ErrClosed):
			return
		case err != nil:
			e.log.Error("routing failed; the events wait and it is tried again", "error", err)
			retry = time.After(routeRetry)
		case more:
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-retry:
		case <-e.arrived:
		}
	}
}

// routeBatch routes the oldest waiting events as one step of the store.
func (e *Engine) routeBatch(ctx context.Context) (more bool, err error) {
	waiting, err := e.store.Waiting(ctx, 0, routeBatch)
	if err != nil || len(waiting) == 0 {
		return false, err
	}
	c := e.config()
	now := clock.Now()
	routed := make([]store.Routing, len(waiting))
	spans := make([]tracing.Span, len(waiting))
	woken := make(map[string]bool)
	for i, ev := range waiting {
		spans[i] = c.Tracer.Route(ev)
		routed[i] = c.route(ev, now)
		for _, d := range routed[i].Deliveries {
			woken[d.Backend] = true
		}
	}
	failpoint.Pass(failpoint.Routing)
	err = e.store.Route(ctx, routed)
	for i, ev := range waiting {
		spans[i].End(string(routed[i].Outcome.State), err != nil)
		if err == nil {
			e.logRouted(ev, routed[i].Outcome)
		}
	}
	e.crew.wake(woken) // also where it failed: some may be routed
	if err != nil {
		return false, err
	}
	failpoint.Pass(failpoint.Routed)
	return true, nil
}

func (e *Engine) logRouted(ev *event.Event, o event.Outcome) {
	if o.State == event.Routed && !e.log.Enabled(context.Background(), slog.LevelDebug) {
		return // as nearly all are
	}
	attrs := []any{"source", ev.Source, "event_id", ev.ID, "type", o.Normalized.Type}
	switch {
	case o.State != event.Routed:
		e.log.Warn(string(o.State), append(attrs, "reasons", o.Reasons)...)
	case o.Dropped:
		e.log.Debug("dropped by a rule", attrs...)
	default:
		e.log.Debug("routed", append(attrs, "backends", o.Backends)...)
	}
}

// route decides what becomes of an event.
func (c *Config) route(ev *event.Event, now time.Time) store.Routing {
	r, _ := c.judge(ev, now)
	return r
}

// judge decides what becomes of an event. Whatever goes wrong in it becomes
// the event's outcome: it never loses the event nor stops the router.
func (c *Config) judge(ev *event.Event, now time.Time) (r store.Routing, verdicts []rules.Verdict) {
	r = store.Routing{Seq: ev.Seq, Outcome: event.Outcome{At: now}}
	defer func() {
		if p := recover(); p != nil {
			r.Deliveries = nil
			r.Outcome.State = event.Unrouted
			r.Outcome.Reasons = []string{fmt.Sprintf("routing it panicked (%T); this is a bug in Porterslodge", p)}
		}
	}()
	s := c.sender(ev)
	normalized, reasons := normalize(s, ev)
	r.Outcome.Normalized = normalized
	if len(reasons) > 0 {
		r.Outcome.State, r.Outcome.Reasons = event.Invalid, reasons
		return r, nil
	}
	env, err := c.environment(s, ev, &normalized)
	if err != nil {
		r.Outcome.State, r.Outcome.Reasons = event.Invalid, []string{err.Error()}
		return r, nil
	}
	d := c.Rules.Decide(&env)
	r.Outcome.State, r.Outcome.Reasons = verdict(d, &normalized)
	r.Outcome.Dropped = d.Dropped
	if r.Outcome.State == event.Routed && !d.Dropped && !unwanted(d, &normalized) {
		r.Deliveries = c.deliveries(ev, &env, d, now)
	}
	for _, to := range r.Deliveries {
		r.Outcome.Backends = append(r.Outcome.Backends, to.Backend)
	}
	return r, d.Verdicts
}

// verdict turns the rules' decision into the event's state.
func verdict(d rules.Decision, n *event.Normalized) (event.State, []string) {
	failed := d.Failed()
	switch {
	case d.Dropped:
		return event.Routed, nil
	case len(failed) > 0:
		return event.Unrouted, failed
	case len(d.Sends) == 0 && !n.Notice:
		return event.Unrouted, []string{"no rule matches and there is no default"}
	}
	return event.Routed, nil
}

// unwanted tells a notice that no rule named: the default doesn't get it.
func unwanted(d rules.Decision, n *event.Normalized) bool {
	named := slices.ContainsFunc(d.Verdicts, func(v rules.Verdict) bool { return v.Matched })
	return n.Notice && !named
}

func (c *Config) deliveries(ev *event.Event, env *rules.Env, d rules.Decision, now time.Time) []*event.Delivery {
	out := make([]*event.Delivery, 0, len(d.Sends))
	for _, s := range d.Sends {
		out = append(out, &event.Delivery{
			Seq:      ev.Seq,
			Backend:  s.Backend,
			EventID:  ev.ID,
			Source:   ev.Source,
			Rule:     s.Rule,
			State:    event.Waiting,
			Data:     s.Data,
			OrderKey: c.orderKey(s.Backend, env),
			Created:  now,
			Due:      now,
			Since:    now,
		})
	}
	return out
}

// orderKey is the value of the backend's order_by. One that can't be computed
// orders nothing: delivery matters more than its order.
func (c *Config) orderKey(backend string, env *rules.Env) string {
	if b := c.backend(backend); b != nil && b.OrderBy != nil {
		if key, err := b.OrderBy.Eval(env); err == nil {
			return key
		}
	}
	return ""
}
