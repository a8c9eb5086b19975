package caddymodule

import (
	"encoding/json"
	"fmt"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/store"
)

func adminQuarantine(r *adminRequest) (any, error) {
	query := r.URL.Query()
	var after *adminapi.Place
	if text := query.Get("after"); text != "" {
		if err := json.Unmarshal([]byte(text), &after); err != nil {
			return nil, refusal("the parameter after can't be read")
		}
	}
	qs, next, err := r.quarantined(query.Get("source"), after)
	if err != nil {
		return nil, err
	}
	out := adminapi.QuarantinePage{Requests: []adminapi.Quarantined{}, Next: next}
	for _, q := range qs {
		if err := r.Context().Err(); err != nil { // to verify again may cost a second each
			return nil, err
		}
		out.Requests = append(out.Requests, r.inQuarantine(q))
	}
	return out, nil
}

func (r *adminRequest) inQuarantine(q *event.Quarantined) adminapi.Quarantined {
	return adminapi.Quarantined{
		Source: q.Source, Number: q.Number, ID: q.ID, Received: q.Request.Received, Reason: q.Reason,
		Passes: r.engine.Passes(q) == nil,
	}
}

// quarantined reads a page of a source's quarantine, and where to go on.
func (r *adminRequest) quarantined(source string, after *adminapi.Place) ([]*event.Quarantined, *adminapi.Place, error) {
	if source == "" {
		return nil, nil, refusal("name a source")
	}
	var place store.Place
	if after != nil {
		place = store.Place(*after)
	}
	qs, err := r.engine.Quarantined(r.Context(), source, place, actPage)
	if err != nil || len(qs) == 0 {
		return nil, nil, err
	}
	return qs, new(adminapi.Place(store.PlaceOf(qs[len(qs)-1]))), nil
}

// selected are the requests that are meant: one by its number, or a page.
func (r *adminRequest) selected(s adminapi.Select) ([]*event.Quarantined, *adminapi.Place, error) {
	if s.Number == nil {
		return r.quarantined(s.Source, s.After)
	}
	for after := s.After; ; {
		qs, next, err := r.quarantined(s.Source, after)
		if err != nil {
			return nil, nil, err
		}
		if next == nil {
			return nil, nil, missing(fmt.Sprintf("the quarantine of source %s holds no request %d", s.Source, *s.Number))
		}
		for _, q := range qs {
			if q.Number == *s.Number {
				return []*event.Quarantined{q}, nil, nil
			}
		}
		after = next
	}
}

func adminRelease(r *adminRequest) (any, error) {
	var s adminapi.Select
	if err := r.read(&s); err != nil {
		return nil, err
	}
	if s.Force && s.Number == nil {
		return nil, refusal("only a single request is released by force; name it by its number")
	}
	qs, next, err := r.selected(s)
	if err != nil {
		return nil, err
	}
	out := adminapi.Selected{Next: next}
	if s.Count {
		for _, q := range qs {
			if err := r.Context().Err(); err != nil {
				return nil, err
			}
			if s.Force || r.engine.Passes(q) == nil {
				out.Done++
			} else {
				out.Unchanged++
			}
		}
		return out, nil
	}
	done, err := r.engine.Release(r.Context(), qs, s.Force)
	if done.Done > 0 {
		r.did("released by hand", "source", s.Source, "done", done.Done, "unchanged", done.Unchanged,
			"event_ids", done.IDs, "forced", s.Force)
	}
	out.Done, out.Unchanged = done.Done, done.Unchanged
	return out, err
}

func adminDiscardQuarantined(r *adminRequest) (any, error) {
	var s adminapi.Select
	if err := r.read(&s); err != nil {
		return nil, err
	}
	qs, next, err := r.selected(s)
	if err != nil {
		return nil, err
	}
	out := adminapi.Selected{Next: next, Done: len(qs)}
	if s.Count {
		return out, nil
	}
	done, err := r.engine.DiscardQuarantined(r.Context(), qs)
	if done.Done > 0 {
		r.did("discarded by hand", "source", s.Source, "done", done.Done, "request_ids", done.IDs)
	}
	out.Done, out.Unchanged = done.Done, done.Unchanged
	return out, err
}
