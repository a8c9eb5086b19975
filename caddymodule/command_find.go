package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// named finds the event that an argument names: by its number, or by its id.
// An id that is a number itself is written id:12.
func (a *asking) named(ctx context.Context, arg string) (uint64, error) {
	if seq, err := strconv.ParseUint(arg, 10, 64); err == nil {
		return seq, nil
	}
	id := strings.TrimPrefix(arg, "id:")
	if id == "" { // which would be any event's
		return 0, errors.New("an event is named by its number or its id, and this argument is empty")
	}
	q := adminapi.Query{Filter: adminapi.Filter{ID: id}, Limit: 1}
	if u, err := uuid.Parse(id); err == nil && u.Version() == 7 {
		// One that we gave tells when it came, so there is little to look at.
		q.Until = time.Unix(u.Time().UnixTime()).Add(5 * time.Minute)
		page, err := a.collect(ctx, q)
		if err != nil || len(page.Events) > 0 {
			return first(page), err
		}
		q.Until = time.Time{}
	}
	page, err := a.collect(ctx, q)
	if err != nil {
		return 0, err
	}
	if len(page.Events) == 0 {
		return 0, fmt.Errorf("no event has the id %q; `caddy webhooks events` lists them", id)
	}
	if first(page) > 0 && !*a.json {
		a.aside.Line(show.Dim, "%s is event %d", id, first(page))
	}
	return first(page), nil
}

func first(p adminapi.Page) uint64 {
	if len(p.Events) == 0 {
		return 0
	}
	return p.Events[0].Seq
}

// request tells whether an argument names a quarantined request, as knolyx/3.
func request(arg string) (source string, number uint64, ok bool) {
	source, text, cut := strings.Cut(arg, "/")
	number, err := strconv.ParseUint(text, 10, 64)
	return source, number, cut && err == nil
}

// knows refuses a filter with a source or backend that the server never heard
// of. Commands ask it when they found nothing.
func (a *asking) knows(ctx context.Context, f adminapi.Filter) error {
	if f.Source == "" && f.Backend == "" {
		return nil
	}
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if f.Source != "" && !slices.ContainsFunc(s.Sources, func(one adminapi.Source) bool { return one.Name == f.Source }) {
		return fmt.Errorf("there is no source %q; `caddy webhooks status` lists them", f.Source)
	}
	if f.Backend != "" && !slices.ContainsFunc(s.Backends, func(one adminapi.Backend) bool { return one.Name == f.Backend }) {
		return fmt.Errorf("there is no backend %q; `caddy webhooks status` lists them", f.Backend)
	}
	return nil
}
