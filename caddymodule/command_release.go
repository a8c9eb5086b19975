package caddymodule

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

func releaseCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "release [source | source/number]",
		Short: "Lets quarantined requests in that pass verification today",
		Long: `
Verifies quarantined requests again with the secrets of today, after those were
mended. What passes is kept as if it came now, the rest stays. With --force one
request is let in without being verified; the log remembers that.`,
		Example: `  $ caddy webhooks release knolyx
  $ caddy webhooks release --all --yes
  $ caddy webhooks release knolyx/3 --force`,
		Args: takes(0, 1),
	}
	everything := c.Flags().Bool("all", false, "of all sources")
	force := c.Flags().Bool("force", false, "without verifying it; for a single request")
	b := addBulk(c)
	return asks(c, func(ctx context.Context, a *asking, args []string) error {
		d := quarantineDeed{
			action: adminapi.Release, past: "released", force: *force,
			unchanged: "stay in quarantine: they fail verification today too",
		}
		switch {
		case len(args) == 0 && !*everything:
			return errors.New("name a source or a request, such as knolyx or knolyx/3, or write --all")
		case len(args) > 0 && *everything:
			return errors.New("name a source or a request, or write --all, but not both")
		case len(args) == 0 && *force:
			return errors.New("--force is for a single request, such as knolyx/3")
		case len(args) == 0:
			return a.toQuarantine(ctx, b, d, "")
		}
		if source, number, ok := request(args[0]); ok {
			if err := a.toRequest(ctx, d, source, number); err != nil || !*a.json {
				return err
			}
			return a.screen.JSON(tally{Done: 1})
		}
		if *force {
			return fmt.Errorf("--force is for a single request, such as %s/3", args[0])
		}
		return a.toQuarantine(ctx, b, d, args[0])
	}).Command
}

// quarantineDeed is an action on quarantined requests.
type quarantineDeed struct {
	action, past, unchanged string
	force                   bool
}

// toRequest does it to one request, and says so to a person.
func (a *asking) toRequest(ctx context.Context, d quarantineDeed, source string, number uint64) error {
	done, err := a.Select(ctx, d.action, adminapi.Select{Source: source, Number: &number, Force: d.force})
	if err != nil {
		return err
	}
	if done.Done == 0 {
		return fmt.Errorf("%s/%d was not %s: it fails verification today too; with --force it is let in all the same", source, number, d.past)
	}
	if !*a.json {
		a.screen.Say("%s/%d %s", source, number, d.past)
	}
	return nil
}

// toQuarantine does it to all requests of a source, or of all sources.
func (a *asking) toQuarantine(ctx context.Context, b *bulk, d quarantineDeed, source string) error {
	sources, err := a.withQuarantine(ctx, source)
	if err != nil {
		return err
	}
	pages := func(count bool) paged {
		return func(ctx context.Context, each func(done, unchanged int)) error {
			for _, name := range sources {
				s := adminapi.Select{Source: name, Count: count}
				for {
					done, err := a.Select(ctx, d.action, s)
					if err != nil {
						return err
					}
					each(done.Done, done.Unchanged)
					if s.After = done.Next; s.After == nil {
						break
					}
				}
			}
			return nil
		}
	}
	return b.do(ctx, a, work{count: pages(true), do: pages(false), past: d.past, unchanged: d.unchanged})
}
