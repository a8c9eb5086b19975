package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// deed is an action on events, as a command.
type deed struct {
	path           string
	short, long    string
	example        string
	past, thing    string
	states         []string // of which a filter that names no state means each in turn
	stateNeeded    bool     // but it must name one
	takesNewKey    bool
	ofQuarantine   string // the action on quarantined requests, if it has one
	unchangedMeans string
}

var deeds = []deed{
	{
		path: adminapi.Retry, past: "retried", thing: "dead deliveries", states: []string{"dead"},
		short: "Lets dead deliveries wait again",
		long: `
Lets dead deliveries wait again, with their whole time for retries before them:
those of the events named, or of all that a filter means.`,
		example: `  $ caddy webhooks retry --backend crm
  $ caddy webhooks retry 1207 1211
  $ caddy webhooks retry --backend crm --type 'payment.*' --since 2d --yes`,
		unchangedMeans: "stood in another state meanwhile, or their backend is not in the config",
	},
	{
		path: adminapi.Replay, past: "replayed", thing: "events", states: []string{""}, takesNewKey: true,
		short: "Sends events once more through the rules of today",
		long: `
Sends events once more through the rules of today, as new ones that are marked.
They have the same Idempotency-Key, so that a backend can tell; with --new-key
another. Of all that a filter means, none is replayed twice within an hour.`,
		example: `  $ caddy webhooks replay 1207
  $ caddy webhooks replay --type student.updated --since 2026-11-21`,
		unchangedMeans: "were replayed within the last hour",
	},
	{
		path: adminapi.Reprocess, past: "reprocessed", thing: "unrouted and invalid events", states: []string{"unrouted", "invalid"},
		short: "Routes unrouted and invalid events again, after the config was mended",
		long: `
Routes unrouted and invalid events again, by the rules and sources of today:
those named, or all that a filter means.`,
		example: `  $ caddy webhooks reprocess --all
  $ caddy webhooks reprocess --source synap --state invalid`,
		unchangedMeans: "are still unrouted or invalid; `caddy webhooks events` says why",
	},
	{
		path: adminapi.Discard, past: "discarded", thing: "dead deliveries, events or requests",
		states: []string{"dead", "unrouted", "invalid"}, stateNeeded: true, ofQuarantine: adminapi.DiscardQuarantined,
		short: "Gives up dead deliveries, unrouted or invalid events, or quarantined requests",
		long: `
Gives up for good, at once: dead deliveries, unrouted or invalid events, and
quarantined requests: those named, or all of a --state that a filter means.`,
		example: `  $ caddy webhooks discard 1207
  $ caddy webhooks discard --state dead --backend legacy
  $ caddy webhooks discard knolyx/3
  $ caddy webhooks discard --state quarantined --source knolyx`,
		unchangedMeans: "stood in another state meanwhile",
	},
}

func actCommands() (all []*cobra.Command) {
	for _, d := range deeds {
		all = append(all, d.command())
	}
	return all
}

func (d deed) command() *cobra.Command {
	c := &cobra.Command{Use: d.path + " [event...]", Short: d.short, Long: d.long, Example: d.example, Args: cobra.ArbitraryArgs}
	f := addFilter(c)
	everything := c.Flags().Bool("all", false, "all there are")
	b := addBulk(c)
	newKey := new(bool)
	if d.takesNewKey {
		newKey = c.Flags().Bool("new-key", false, "give each another id, and so another Idempotency-Key")
	}
	return asks(c, func(ctx context.Context, a *asking, args []string) error {
		filter, err := f.filter()
		if err != nil {
			return err
		}
		act := adminapi.Act{Filter: filter, NewKey: *newKey}
		switch none := filter == (adminapi.Filter{}); {
		case len(args) > 0 && (!none && !d.narrows(filter) || *everything):
			return errors.New("name events, or say by a filter which are meant, but not both")
		case len(args) > 0:
			return d.toNamed(ctx, a, b, act, args)
		case none && !*everything:
			return fmt.Errorf("say which %s are meant: name events, write a filter such as --source knolyx, or --all", d.thing)
		case filter.State == quarantinedState && d.ofQuarantine != "":
			if err := ofQuarantine(filter); err != nil {
				return err
			}
			return a.toQuarantine(ctx, b, quarantineDeed{action: d.ofQuarantine, past: d.past}, filter.Source)
		case filter.State == "" && d.stateNeeded:
			return fmt.Errorf("say by --state what is %s: %s or %s", d.past, strings.Join(d.states, ", "), quarantinedState)
		}
		return d.toAll(ctx, a, b, act)
	}).Command
}

// narrows tells a filter that says to which backend of events that are named.
func (d deed) narrows(f adminapi.Filter) bool {
	return slices.Contains(d.states, "dead") && f == adminapi.Filter{Backend: f.Backend}
}

// toNamed does it to the events and requests that the arguments name.
func (d deed) toNamed(ctx context.Context, a *asking, b *bulk, act adminapi.Act, args []string) error {
	requests := 0
	for _, arg := range args {
		if source, number, ok := request(arg); ok && d.ofQuarantine != "" {
			if err := a.toRequest(ctx, quarantineDeed{action: d.ofQuarantine, past: d.past}, source, number); err != nil {
				return err
			}
			requests++
			continue
		}
		seq, err := a.named(ctx, arg)
		if err != nil {
			return err
		}
		act.Seqs = append(act.Seqs, seq)
	}
	if len(act.Seqs) == 0 && !*a.json {
		return nil
	}
	total, err := d.toEvents(ctx, a, act)
	if err != nil {
		return err
	}
	if *a.json { // a person was told of them one by one
		total.Done += requests
	}
	return b.tell(a, d.past, d.unchangedMeans, total)
}

func (d deed) toEvents(ctx context.Context, a *asking, act adminapi.Act) (total tally, err error) {
	seqs := act.Seqs
	for act.Seqs = range slices.Chunk(seqs, 100) {
		done, err := a.Act(ctx, d.path, act)
		if err != nil {
			return total, err
		}
		total.add(done.Done, done.Unchanged)
	}
	if len(seqs) > 0 && total.Done == 0 {
		return total, fmt.Errorf("nothing was %s: what is named isn't there, or not in a state for it; see `caddy webhooks show`", d.past)
	}
	return total, nil
}

// toAll counts what the filter means, asks, and does it page by page.
func (d deed) toAll(ctx context.Context, a *asking, b *bulk, act adminapi.Act) error {
	states, filter := d.states, act.Filter
	if act.Filter.State != "" {
		states = []string{act.Filter.State}
	}
	pages := func(count bool) paged {
		return func(ctx context.Context, each func(done, unchanged int)) error {
			for _, state := range states {
				act.Filter.State, act.Before, act.Count = state, 0, count
				for {
					done, err := a.Act(ctx, d.path, act)
					if err != nil {
						return err
					}
					each(done.Done, done.Unchanged)
					if act.Before = done.Next; act.Before == 0 {
						break
					}
				}
			}
			return nil
		}
	}
	return b.do(ctx, a, work{count: pages(true), do: pages(false), past: d.past, unchanged: d.unchangedMeans, filter: filter})
}
