package caddymodule

import (
	"fmt"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

// webhookCommands are the subcommands of `caddy webhooks`, each from its own
// command_<name>.go.
func webhookCommands() []*cobra.Command {
	return append([]*cobra.Command{
		sendersCommand(),
		sendCommand(),
		listenCommand(),
		knolyxCommand(),
		setupCommand(),
		statusCommand(),
		eventsCommand(),
		showCommand(),
		releaseCommand(),
		pauseCommand(),
		resumeCommand(),
		backupCommand(),
		restoreCommand(),
		doctorCommand(),
	}, actCommands()...)
}

var webhooksCommand = caddycmd.Command{
	Name:  "webhooks",
	Short: "Sees, steers and tries out the webhook gateway",
	Long: `
Commands for those who run a webhook gateway. Each has its own --help with an
example, and takes --json where a program reads what it says.`,
	CobraFunc: func(c *cobra.Command) {
		c.Use = "webhooks <command>"
		c.AddCommand(webhookCommands()...)
		c.RunE = noSuchCommand
		c.SetFlagErrorFunc(func(at *cobra.Command, err error) error {
			return fmt.Errorf("%w; see `%s --help`", err, at.CommandPath())
		})
	},
}

// noSuchCommand is what a command that only has subcommands does itself.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	var names []string
	for _, sub := range c.Commands() {
		names = append(names, sub.Name())
	}
	return fmt.Errorf("%s has no command %q%s; see `%s --help`", c.CommandPath(), args[0], nearest(args[0], names), c.CommandPath())
}

// takes checks the number of a command's arguments; its usage says which.
func takes(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= most {
			return nil
		}
		return fmt.Errorf("wrong number of arguments; write `%s`, and see `%s --help`",
			strings.TrimSuffix(c.UseLine(), " [flags]"), c.CommandPath())
	}
}

// jsonFlag lets a command write JSON instead of text.
func jsonFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("json", false, "write JSON")
}
