package memstore

import (
	"bytes"
	"maps"
	"slices"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

// What goes in or out is copied, as a disk would, so that nobody can change
// what is kept. Only the entities of Normalized are shared.

func copyRequest(r event.Request) event.Request {
	query := r.Query
	r.Query = maps.Clone(query)
	for name, values := range query {
		r.Query[name] = slices.Clone(values)
	}
	r.Header = r.Header.Clone()
	r.Body = bytes.Clone(r.Body)
	return r
}

func copyEvent(ev *event.Event) *event.Event {
	c := *ev
	c.Request = copyRequest(ev.Request)
	c.Forward = slices.Clone(ev.Forward)
	c.Outcome = copyOutcome(ev.Outcome)
	return &c
}

func copyOutcome(o event.Outcome) event.Outcome {
	o.Reasons = slices.Clone(o.Reasons)
	o.Backends = slices.Clone(o.Backends)
	o.Normalized.Changed = slices.Clone(o.Normalized.Changed)
	return o
}

func copyDelivery(d *event.Delivery) *event.Delivery {
	c := *d
	c.Data = bytes.Clone(d.Data)
	c.Attempts = slices.Clone(d.Attempts)
	for i := range c.Attempts {
		c.Attempts[i].Answer = bytes.Clone(c.Attempts[i].Answer)
	}
	return &c
}

func copyQuarantined(q *event.Quarantined) *event.Quarantined {
	c := *q
	c.Request = copyRequest(q.Request)
	return &c
}

func copyCounts(c store.Counts) store.Counts {
	c.Sources = maps.Clone(c.Sources)
	c.Backends = maps.Clone(c.Backends)
	c.InQuarantine = maps.Clone(c.InQuarantine)
	return c
}
