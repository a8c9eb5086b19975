package caddymodule

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/knolyxapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

func knolyxCreate(flags *knolyxFlags) *cobra.Command {
	var token secretFlag
	var w knolyxapi.Webhook
	c := &cobra.Command{
		Use:   "create --url <url>",
		Short: "Makes a webhook, with a security token that is printed once",
		Long: `
Makes a webhook that sends to a source. A new security token is printed once,
with what to put into the Caddyfile. With --token-env the token in that variable
is used and not printed: then the gateway can have it before Knolyx sends its
first PING, which otherwise is kept in the quarantine.`,
		Example: `  $ caddy webhooks knolyx create --project 7 --url https://hooks.school.example/knolyx
  $ caddy webhooks knolyx create --project 7 --url https://hooks.school.example/knolyx --token-env KNOLYX_TOKEN`,
		Args: takes(0, 0),
	}
	f := c.Flags()
	f.StringVar(&w.URL, "url", "", "the source's `URL`, as Knolyx reaches it")
	f.StringVar(&w.Name, "name", "Porterslodge", "the webhook's `name` at Knolyx")
	f.StringVar(&token.env, "token-env", "", "the environment `variable` that holds the security token (default: a new one)")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if w.URL == "" {
			return errors.New("the source's URL is missing; write --url and it, such as --url https://hooks.school.example/knolyx")
		}
		caller, err := flags.caller(c)
		if err != nil {
			return err
		}
		return caller.create(w, token)
	}
	return c
}

func (k knolyxCaller) create(w knolyxapi.Webhook, given secretFlag) error {
	token, err := given.read("token", make(map[string]string))
	if err != nil {
		return err
	}
	if given.env == "" {
		token = newToken()
	}
	made, err := k.Create(k.Context(), w, token)
	if err != nil {
		return err
	}
	if given.env != "" {
		token = "" // its owner has it
	}
	if k.json {
		return k.screen.JSON(struct {
			knolyxapi.Webhook
			Token string `json:"token,omitempty"`
		}{made, token})
	}
	k.screen.Line(show.Good, "made webhook %s at Knolyx, which sends to %s", cmp.Or(string(made.ID), "(`list` shows its id)"), made.URL)
	if token != "" {
		k.explain(made.URL, token)
	}
	return nil
}

// newToken is a security token that nobody guesses.
func newToken() string {
	var b [24]byte
	_, _ = rand.Read(b[:]) // which never fails
	return hex.EncodeToString(b[:])
}

// explain says what to do with a token that won't be shown again.
func (k knolyxCaller) explain(target, token string) {
	path := "/knolyx"
	if u, err := url.Parse(target); err == nil && u.Path != "" {
		path = u.Path
	}
	k.screen.Say("")
	k.screen.Say("Its security token is shown this once. Put it into the gateway's environment:")
	k.screen.Say("")
	k.screen.Line(show.Bold, "  KNOLYX_TOKEN=%s", token)
	k.screen.Say("")
	k.screen.Say("and this into the site's block of the Caddyfile, then reload:")
	k.screen.Say("")
	for _, line := range []string{fmt.Sprintf("receive_webhooks %s knolyx {", path), "    token {env.KNOLYX_TOKEN}", "}"} {
		k.screen.Line(show.Bold, "  %s", line)
	}
	k.screen.Say("")
	k.screen.Say("`caddy webhooks knolyx ping` then makes Knolyx send a PING.")
}
