package caddymodule

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
)

func adminStatus(r *adminRequest) (any, error) {
	s, err := r.engine.Status(r.Context())
	if err != nil {
		return nil, err
	}
	e := s.Counts.Events
	out := adminapi.Status{Events: adminapi.States(e), Sources: statusOfSources(&s), Backends: statusOfBackends(&s)}
	var came uint64
	for _, source := range out.Sources {
		came += source.New + source.Replayed
	}
	out.AddsUp = came == e.Waiting+e.Routed+e.Unrouted+e.Invalid+e.Discarded
	return out, nil
}

func statusOfSources(s *gateway.Status) (out []adminapi.Source) {
	for _, name := range known(s.Sources, maps.Keys(s.Counts.Sources)) {
		n := s.Counts.Sources[name]
		out = append(out, adminapi.Source{
			Name:     name,
			Received: n.New + n.Duplicate + n.Quarantined + n.Refused,
			New:      n.New, Duplicate: n.Duplicate, Quarantined: n.Quarantined, Refused: n.Refused,
			Replayed: n.Replayed, Released: n.Released, InQuarantine: s.Counts.InQuarantine[name],
		})
	}
	return out
}

func statusOfBackends(s *gateway.Status) (out []adminapi.Backend) {
	for _, name := range known(s.Backends, maps.Keys(s.Counts.Backends)) {
		n := s.Counts.Backends[name]
		b := adminapi.Backend{
			Name: name, Configured: slices.Contains(s.Backends, name),
			Waiting: n.Waiting, Retrying: n.Retrying, Delivered: n.Delivered, Dead: n.Dead, Discarded: n.Discarded,
			Down: s.Down[name], Paused: s.Paused[name],
		}
		if s.Measures != nil {
			b.Oldest = s.Measures.Oldest[name]
		}
		if last, ok := s.Last[name]; ok {
			last.Answer = nil // it may quote the event
			b.Last = new(attempted(last))
		}
		out = append(out, b)
	}
	return out
}

// known are the configured names in their order, then those only counted.
func known(configured []string, counted func(func(string) bool)) []string {
	names := slices.Clone(configured)
	for _, name := range slices.Sorted(counted) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func adminEvents(r *adminRequest) (any, error) {
	var q adminapi.Query
	if err := r.read(&q); err != nil {
		return nil, err
	}
	if q.Limit < 0 || q.Limit > adminapi.MaxPage {
		return nil, refusal("a page has at most " + strconv.Itoa(adminapi.MaxPage) + " events")
	}
	page, err := r.engine.Find(r.Context(), filterOf(q.Filter), q.Before, cmp.Or(q.Limit, adminapi.MaxPage))
	if err != nil {
		return nil, err
	}
	out := adminapi.Page{Events: []adminapi.Event{}, Next: page.Next, Untold: page.Untold, Damaged: page.Damaged}
	for i := range page.Events {
		out.Events = append(out.Events, inList(&page.Events[i]))
	}
	return out, nil
}

func filterOf(f adminapi.Filter) gateway.Filter {
	return gateway.Filter{
		Source: f.Source, Type: f.Type, State: event.State(f.State), Backend: f.Backend, ID: f.ID,
		Since: f.Since, Until: f.Until, Where: f.Where,
	}
}

// inList is an event as a list shows it, without anything personal.
func inList(s *gateway.Sight) adminapi.Event {
	e := adminapi.Event{
		Seq: s.Seq, ID: s.ID, Source: s.Source, Sender: s.Sender, Type: s.Outcome.Normalized.Type,
		State: string(s.State()), Received: s.Request.Received, ReplayOf: s.ReplayOf,
		Reasons: s.Outcome.Reasons, Dropped: s.Outcome.Dropped,
	}
	for _, d := range s.Deliveries {
		e.Deliveries = append(e.Deliveries, carried(d))
	}
	return e
}

func carried(d *event.Delivery) adminapi.Delivery {
	out := adminapi.Delivery{Backend: d.Backend, State: string(d.State), Attempts: d.Count}
	if d.State == event.Waiting {
		out.Due = d.Due
	} else {
		out.Finished = d.Finished
	}
	return out
}
