package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

const (
	purgeEvery = time.Minute
	// purgeStep bounds the events of one step, so that none delays a keep.
	purgeStep = 500
	// mistrust is how long nothing is purged after the clock was set: whoever
	// sets it wrong has that long to see it.
	mistrust = 24 * time.Hour
)

// purgeUntil deletes what has had its time, now and every minute.
func (e *Engine) purgeUntil(ctx context.Context) {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		e.purge(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (e *Engine) purge(ctx context.Context) {
	c := e.config()
	now, set := e.clock.Look()
	if set.Equal(now) {
		e.log.Warn("the clock was set; nothing is purged for a day, see that it is right", "now", now)
	}
	if now.Sub(set) < mistrust {
		return
	}
	policy := store.Policy{
		Now:        now,
		Finished:   c.Retention.Finished,
		Stuck:      c.Retention.Stuck,
		Quarantine: c.Quarantine.Age,
	}
	var total store.Purged
	for ctx.Err() == nil {
		p, err := e.store.Purge(ctx, policy, purgeStep)
		if err != nil {
			if !errors.Is(err, store.ErrClosed) && ctx.Err() == nil {
				e.log.Error("purging failed; it is tried again in a minute", "error", err)
			}
			break
		}
		total.Finished += p.Finished
		total.Unrouted += p.Unrouted
		total.Invalid += p.Invalid
		total.Dead += p.Dead
		total.Quarantined += p.Quarantined
		if !p.More {
			break
		}
	}
	e.logPurged(total)
}

func (e *Engine) logPurged(p store.Purged) {
	if p.Finished > 0 {
		e.log.Info("purged finished events after their retention", "events", p.Finished)
	}
	if p.Unrouted+p.Invalid+p.Dead > 0 {
		e.log.Warn("purged events that never reached all their backends, after their retention",
			"unrouted", p.Unrouted, "invalid", p.Invalid, "dead", p.Dead)
	}
	if p.Quarantined > 0 {
		e.log.Info("purged quarantined requests after their time", "requests", p.Quarantined)
	}
}
