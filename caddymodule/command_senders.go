package caddymodule

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

func sendersCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "senders [sender]",
		Short: "Lists the senders, and the events of each with what they become",
		Example: `  $ caddy webhooks senders
  $ caddy webhooks senders knolyx`,
		Args: takes(0, 1),
	}
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		screen := show.On(c.OutOrStdout())
		if len(args) == 0 {
			return showSenders(screen, *asJSON)
		}
		return showSender(screen, args[0], *asJSON)
	}
	return c
}

// described is a sender as the commands show it.
type described struct {
	Name     string           `json:"sender"`
	Methods  []string         `json:"methods"`
	Verified string           `json:"verified"`
	Events   []describedEvent `json:"events"`
}

type describedEvent struct {
	Sends   string `json:"sends"`
	Becomes string `json:"becomes"`
}

func describe(name string) (described, error) {
	s, err := sender.New(name, sender.Options{})
	if err != nil {
		return described{}, err
	}
	d := described{Name: name, Methods: s.Methods(), Verified: strings.ReplaceAll(hint(name), "`", "")}
	for _, w := range s.Vocabulary() {
		d.Events = append(d.Events, describedEvent(w))
	}
	return d, nil
}

func showSenders(screen *show.Screen, asJSON bool) error {
	var all []described
	table := show.NewTable("SENDER", "METHODS", "EVENTS", "VERIFIED BY")
	for _, name := range sender.Names() {
		d, err := describe(name)
		if err != nil {
			return err
		}
		all = append(all, d)
		table.Row(d.Name, strings.Join(d.Methods, " "), len(d.Events), d.Verified)
	}
	if asJSON {
		return screen.JSON(all)
	}
	screen.Table(table)
	return nil
}

func showSender(screen *show.Screen, name string, asJSON bool) error {
	d, err := describe(name)
	if err != nil {
		return err
	}
	if asJSON {
		return screen.JSON(d)
	}
	screen.Say("%s: %s, verified by %s", d.Name, strings.Join(d.Methods, " or "), d.Verified)
	if len(d.Events) == 0 {
		screen.Say("its events are named by its source's event_type and become %s.<event type>", d.Name)
		return nil
	}
	screen.Say("")
	table := show.NewTable("SENDS", "BECOMES")
	for _, e := range d.Events {
		table.Row(e.Sends, e.Becomes)
	}
	screen.Table(table)
	screen.Line(show.Dim, "what stands nowhere above becomes %s.<its own name>", d.Name)
	return nil
}
