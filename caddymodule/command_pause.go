package caddymodule

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

func pauseCommand() *cobra.Command {
	return setPauseCommand(adminapi.Pause, "paused", &cobra.Command{
		Use:   "pause <backend>",
		Short: "Stops delivering to a backend",
		Long: `
Stops delivering to a backend until it is resumed, through reloads and restarts.
Its deliveries wait meanwhile, and their time for retries doesn't run out: when
it is resumed, each of them has the whole of it.`,
		Example: `  $ caddy webhooks pause crm`,
		Args:    takes(1, 1),
	})
}

func resumeCommand() *cobra.Command {
	return setPauseCommand(adminapi.Resume, "resumed", &cobra.Command{
		Use:     "resume <backend>",
		Short:   "Delivers to a paused backend again",
		Example: `  $ caddy webhooks resume crm`,
		Args:    takes(1, 1),
	})
}

func setPauseCommand(action, past string, c *cobra.Command) *cobra.Command {
	return asks(c, func(ctx context.Context, a *asking, args []string) error {
		done, err := a.SetPause(ctx, action, args[0])
		switch {
		case err != nil:
			return err
		case *a.json:
			return a.screen.JSON(done)
		case done.Changed:
			a.screen.Say("%s %s", args[0], past)
		case action == adminapi.Pause:
			a.screen.Say("%s was paused already", args[0])
		default:
			a.screen.Say("%s wasn't paused", args[0])
		}
		return nil
	}).Command
}
