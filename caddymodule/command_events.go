package caddymodule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// quarantinedState is what the commands call requests in the quarantine, which
// aren't events.
const quarantinedState = "quarantined"

func eventsCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "events",
		Short: "Lists events, newest first",
		Long: `
Lists events, newest first. The states of an event are waiting, routed, unrouted
and invalid, those of its deliveries waiting, delivered, dead and discarded. The
state quarantined lists requests that failed verification, oldest first.`,
		Example: `  $ caddy webhooks events --state dead --backend crm
  $ caddy webhooks events --since 2h --type 'payment.*' --where 'data.payment.amount >= 1000'
  $ caddy webhooks events --state quarantined`,
		Args: takes(0, 0),
	}
	f := addFilter(c)
	id := c.Flags().String("id", "", "with this event id")
	before := c.Flags().Uint64("before", 0, "older than the event of this number")
	limit := c.Flags().Int("limit", 20, "how many")
	return asks(c, func(ctx context.Context, a *asking, _ []string) error {
		filter, err := f.filter()
		if err != nil {
			return err
		}
		if *limit < 1 {
			return fmt.Errorf("--limit is at least 1, not %d", *limit)
		}
		filter.ID = *id
		if filter.State == quarantinedState {
			if *before > 0 {
				return errors.New("--before is for events, and these are requests; write a greater --limit")
			}
			return a.listQuarantine(ctx, filter, *limit)
		}
		return a.listEvents(ctx, adminapi.Query{Filter: filter, Before: *before, Limit: *limit})
	}).Command
}

func (a *asking) listEvents(ctx context.Context, q adminapi.Query) error {
	all, err := a.collect(ctx, q)
	if err != nil {
		return err
	}
	if len(all.Events) == 0 {
		if err := a.knows(ctx, q.Filter); err != nil {
			return err
		}
	}
	if *a.json {
		return a.screen.JSON(all)
	}
	if all.Untold > 0 {
		a.aside.Line(show.Warn, "of %d others it can't be told whether --where holds: it fails for them, or their source is gone", all.Untold)
	}
	if len(all.Damaged) > 0 {
		a.aside.Line(show.Bad, "damaged on disk, so that they can't be shown: %s; `caddy webhooks doctor` says more", numbers(all.Damaged))
	}
	if len(all.Events) == 0 {
		a.aside.Say("no events found")
		return nil
	}
	table := show.NewTable("EVENT", "RECEIVED", "SOURCE", "TYPE", "STATE", "DELIVERIES", "ID")
	for _, e := range all.Events {
		id := e.ID
		if e.ReplayOf != "" {
			id += " (replay of " + e.ReplayOf + ")"
		}
		table.Row(e.Seq, e.Received.Local().Format(time.DateTime), e.Source, cmp.Or(e.Type, "-"), painted(e.State), deliveriesOf(&e), id)
	}
	a.screen.Table(table)
	if all.Next > 0 {
		a.aside.Line(show.Dim, "there may be more: --before %d", all.Next)
	}
	return nil
}

// collect asks for pages until there are enough events.
func (a *asking) collect(ctx context.Context, q adminapi.Query) (all adminapi.Page, err error) {
	all.Events = []adminapi.Event{}
	bar := a.progress()
	defer bar.clear()
	for want := q.Limit; ; {
		q.Limit = min(want-len(all.Events), adminapi.MaxPage)
		page, err := a.Events(ctx, q)
		if err != nil {
			return all, err
		}
		all.Events = append(all.Events, page.Events...)
		all.Next = page.Next
		all.Untold += page.Untold
		all.Damaged = append(all.Damaged, page.Damaged...)
		if len(all.Events) >= want || page.Next == 0 {
			return all, nil
		}
		q.Before = page.Next
		bar.say("looking at events before %d", q.Before)
	}
}

// numbers are written as in 3, 5, 8.
func numbers(seqs []uint64) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(seqs), "[]"), " ", ", ")
}

func deliveriesOf(e *adminapi.Event) string {
	switch {
	case e.Dropped:
		return "dropped by a rule"
	case len(e.Reasons) > 0:
		return strings.Join(e.Reasons, "; ")
	case len(e.Deliveries) == 0:
		return "-"
	}
	parts := make([]string, len(e.Deliveries))
	for i, d := range e.Deliveries {
		parts[i] = d.Backend + " " + d.State
		if d.Attempts > 1 || d.Attempts > 0 && d.State == "waiting" {
			parts[i] += fmt.Sprintf(" (%d attempts)", d.Attempts)
		}
	}
	return strings.Join(parts, ", ")
}

// painted gives a state its colour.
func painted(state string) show.Cell {
	switch state {
	case "dead", "invalid":
		return show.In(show.Bad, state)
	case "unrouted", "waiting":
		return show.In(show.Warn, state)
	case "delivered", "routed":
		return show.In(show.Good, state)
	}
	return show.In(show.Plain, state)
}

func (a *asking) listQuarantine(ctx context.Context, f adminapi.Filter, limit int) error {
	if err := ofQuarantine(f); err != nil {
		return err
	}
	all := []adminapi.Quarantined{}
	sources, err := a.withQuarantine(ctx, f.Source)
	if err != nil {
		return err
	}
	for _, name := range sources {
		for after := (*adminapi.Place)(nil); len(all) < limit; {
			page, err := a.Quarantine(ctx, name, after)
			if err != nil {
				return err
			}
			all = append(all, page.Requests...)
			if after = page.Next; after == nil {
				break
			}
		}
	}
	all = all[:min(len(all), limit)]
	if *a.json {
		return a.screen.JSON(all)
	}
	if len(all) == 0 {
		a.aside.Say("no quarantined requests found")
		return nil
	}
	table := show.NewTable("REQUEST", "RECEIVED", "WHY", "TODAY", "ID")
	for _, q := range all {
		verdict := show.In(show.Bad, "fails")
		if q.Passes {
			verdict = show.In(show.Good, "passes")
		}
		table.Row(fmt.Sprintf("%s/%d", q.Source, q.Number), q.Received.Local().Format(time.DateTime), q.Reason, verdict, q.ID)
	}
	a.screen.Table(table)
	return nil
}

// withQuarantine names the sources that have something in quarantine: all, or
// the one that is asked for.
func (a *asking) withQuarantine(ctx context.Context, source string) (names []string, err error) {
	s, err := a.Status(ctx)
	if err != nil {
		return nil, err
	}
	known := source == ""
	for _, one := range s.Sources {
		known = known || one.Name == source
		if one.InQuarantine > 0 && (source == "" || one.Name == source) {
			names = append(names, one.Name)
		}
	}
	if !known {
		return nil, fmt.Errorf("there is no source %q; `caddy webhooks status` lists them", source)
	}
	return names, nil
}
