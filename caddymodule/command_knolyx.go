package caddymodule

import (
	"errors"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/porterslodge/porterslodge/caddymodule/internal/knolyxapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

func knolyxCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "knolyx <command>",
		Short: "Sets webhooks up at Knolyx, by its API",
		Long: `
Knolyx has an API for webhooks. It wants the project's id and an API key with
the permission WEBHOOK_MANAGE; Knolyx gives out both. The key is read from the
environment and never printed.`,
		Example: `  $ export KNOLYX_API_KEY=...
  $ caddy webhooks knolyx create --project 7 --url https://hooks.school.example/knolyx
  $ caddy webhooks knolyx list --project 7
  $ caddy webhooks knolyx ping --project 7`,
		RunE: noSuchCommand,
	}
	flags := new(knolyxFlags)
	flags.register(c.PersistentFlags())
	c.AddCommand(
		knolyxCreate(flags),
		flags.command("list", "Lists the project's webhooks", 0, 0, knolyxList),
		flags.command("get <id>", "Shows one webhook", 1, 1, knolyxGet),
		flags.command("delete <id>", "Deletes one webhook; Knolyx sends nothing to it any more", 1, 1, knolyxDelete),
		flags.command("ping [id]", "Makes Knolyx send a PING to one webhook or to all", 0, 1, knolyxPing),
	)
	return c
}

// knolyxCaller is one call of the API, by a command.
type knolyxCaller struct {
	*cobra.Command
	*knolyxapi.Client
	screen *show.Screen
	json   bool
}

// knolyxFlags say which API and project are called.
type knolyxFlags struct {
	api, keyEnv, project string
	json                 bool
}

func (k *knolyxFlags) register(f *pflag.FlagSet) {
	f.StringVar(&k.api, "api", knolyxapi.DefaultBase, "the API's base `URL`")
	f.StringVar(&k.keyEnv, "api-key-env", "KNOLYX_API_KEY", "the environment `variable` that holds the API key")
	f.StringVar(&k.project, "project", "", "the project's `id`")
	f.BoolVar(&k.json, "json", false, "write JSON")
}

func (k *knolyxFlags) caller(c *cobra.Command) (knolyxCaller, error) {
	key, err := (&secretFlag{env: k.keyEnv}).read("api-key", make(map[string]string))
	if err != nil {
		return knolyxCaller{}, err
	}
	if k.project == "" {
		return knolyxCaller{}, errors.New("the project is missing; write --project and its id, which Knolyx gives out with the API key")
	}
	client, err := knolyxapi.New(k.api, key, k.project)
	return knolyxCaller{c, client, show.On(c.OutOrStdout()), k.json}, err
}

// command is one that makes a single call.
func (k *knolyxFlags) command(use, short string, least, most int, call func(knolyxCaller, []string) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: takes(least, most), Example: "  $ caddy webhooks knolyx " + use + " --project 7"}
	c.RunE = func(c *cobra.Command, args []string) error {
		caller, err := k.caller(c)
		if err != nil {
			return err
		}
		return call(caller, args)
	}
	return c
}

func knolyxList(k knolyxCaller, _ []string) error {
	all, err := k.List(k.Context())
	if err != nil {
		return err
	}
	return k.show(all)
}

func knolyxGet(k knolyxCaller, args []string) error {
	w, err := k.Get(k.Context(), args[0])
	if err != nil {
		return err
	}
	if k.json {
		return k.screen.JSON(w)
	}
	return k.show([]knolyxapi.Webhook{w})
}

func (k knolyxCaller) show(all []knolyxapi.Webhook) error {
	if k.json {
		return k.screen.JSON(all)
	}
	if len(all) == 0 {
		k.screen.Say("the project has no webhook; `caddy webhooks knolyx create` makes one")
		return nil
	}
	table := show.NewTable("ID", "NAME", "URL")
	for _, w := range all {
		table.Row(string(w.ID), w.Name, w.URL)
	}
	k.screen.Table(table)
	return nil
}

func knolyxDelete(k knolyxCaller, args []string) error {
	if err := k.Delete(k.Context(), args[0]); err != nil {
		return err
	}
	return k.done(map[string]string{"deleted": args[0]}, "deleted webhook "+args[0])
}

func knolyxPing(k knolyxCaller, args []string) error {
	id, what := "", "all webhooks"
	if len(args) == 1 {
		id, what = args[0], "webhook "+args[0]
	}
	if err := k.Ping(k.Context(), id); err != nil {
		return err
	}
	return k.done(map[string]string{"pinged": what}, "Knolyx sends a PING to "+what+"; the gateway keeps it as an event of type ping")
}

func (k knolyxCaller) done(result map[string]string, text string) error {
	if k.json {
		return k.screen.JSON(result)
	}
	k.screen.Say("%s", text)
	return nil
}
