package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

func statusCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "status",
		Short: "Shows what came in, what became of it, and whether that adds up",
		Long: `
Shows the counts of each source and each backend since the store was made, and
how the backends do. It fails where events are not accounted for.`,
		Example: `  $ caddy webhooks status
  $ caddy webhooks status --watch`,
		Args: takes(0, 0),
	}
	watch := c.Flags().Bool("watch", false, "show it again each second")
	return asks(c, func(ctx context.Context, a *asking, _ []string) error {
		if *watch {
			return a.watchStatus(ctx)
		}
		return a.status(ctx)
	}).Command
}

var errDoesNotAddUp = errors.New("more events came in than are accounted for, or fewer: the store may be damaged, its log says more")

func (a *asking) status(ctx context.Context) error {
	s, err := a.Status(ctx)
	if err != nil {
		return err
	}
	if *a.json {
		err = a.screen.JSON(s)
	} else {
		showStatus(a.screen, &s, time.Now())
	}
	if err == nil && !s.AddsUp {
		return errDoesNotAddUp
	}
	return err
}

// watchStatus goes on through restarts of the server, until it is interrupted.
func (a *asking) watchStatus(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		if show.IsTerminal(a.OutOrStdout()) {
			fmt.Fprint(a.OutOrStdout(), "\x1b[H\x1b[2J") // home, and clear
		}
		if err := a.status(ctx); err != nil && ctx.Err() == nil {
			a.problems().Line(show.Bad, "%s", a.explain(err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if !*a.json {
			a.screen.Say("")
		}
	}
}

// problems is where watching tells that the server doesn't answer: in the place
// of the tables, but never among JSON.
func (a *asking) problems() *show.Screen {
	if *a.json {
		return a.aside
	}
	return a.screen
}

func showStatus(screen *show.Screen, s *adminapi.Status, now time.Time) {
	sources := show.NewTable("SOURCE", "RECEIVED", "NEW", "DUPLICATE", "QUARANTINED", "REFUSED", "IN QUARANTINE")
	var replayed uint64
	for _, r := range s.Sources {
		sources.Row(r.Name, r.Received, r.New, r.Duplicate, r.Quarantined, r.Refused, r.InQuarantine)
		replayed += r.Replayed
	}
	screen.Table(sources)
	screen.Say("")
	backends := show.NewTable("BACKEND", "WAITING", "RETRYING", "DELIVERED", "DEAD", "DISCARDED", "OLDEST", "LAST ANSWER", "STATE")
	for _, b := range s.Backends {
		dead := show.In(show.Plain, b.Dead)
		if b.Dead > 0 {
			dead = show.In(show.Bad, b.Dead)
		}
		backends.Row(b.Name, b.Waiting, b.Retrying, b.Delivered, dead, b.Discarded, since(b.Oldest, now), lastAnswer(b.Last, now), stateOf(&b))
	}
	screen.Table(backends)
	screen.Say("")
	e := s.Events
	screen.Say("events: %d routed, %d waiting, %d unrouted, %d invalid, %d discarded; %d of them replays",
		e.Routed, e.Waiting, e.Unrouted, e.Invalid, e.Discarded, replayed)
	if s.AddsUp {
		screen.Line(show.Good, "the counts add up")
	} else {
		screen.Line(show.Bad, "the counts do not add up")
	}
}

func stateOf(b *adminapi.Backend) show.Cell {
	switch {
	case !b.Paused.IsZero():
		return show.In(show.Warn, "paused")
	case !b.Configured:
		return show.In(show.Warn, "not in the config")
	case b.Down:
		return show.In(show.Bad, "down")
	}
	return show.In(show.Good, "up")
}

func lastAnswer(last *adminapi.Attempt, now time.Time) show.Cell {
	switch {
	case last == nil:
		return show.In(show.Dim, "-")
	case last.Error == "":
		return show.In(show.Plain, fmt.Sprintf("%d, %s ago", last.Status, since(last.At, now)))
	}
	return show.In(show.Bad, fmt.Sprintf("%s, %s ago", last.Error, since(last.At, now)))
}

// age is how long ago a time was, "-" for none.
func since(at, now time.Time) string {
	if at.IsZero() {
		return "-"
	}
	switch d := max(0, now.Sub(at)); {
	case d < time.Minute:
		return fmt.Sprintf("%ds", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%dm", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", d/time.Hour)
	default:
		return fmt.Sprintf("%dd", d/(24*time.Hour))
	}
}
