package caddymodule

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/guide"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

func setupCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "setup [source]",
		Short: "Says what to enter where, so that a platform sends to a source",
		Long: `
Reads the Caddyfile and prints, step by step, what to enter on the platform of a
source, with the source's URL. Without a source it lists those there are.

It never prints a secret: it says where the secret comes from.`,
		Example: `  $ caddy webhooks setup
  $ caddy webhooks setup synap
  $ caddy webhooks setup stripe --config /etc/caddy/Caddyfile`,
		Args: takes(0, 1),
	}
	var file, adapter string
	c.Flags().StringVarP(&file, "config", "c", "", "the `file` with the config (default ./Caddyfile)")
	c.Flags().StringVarP(&adapter, "adapter", "a", "", "the `adapter` of the config (default: by the file's name)")
	asJSON := jsonFlag(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		sources, err := readSources(file, adapter)
		if err != nil {
			return err
		}
		screen := show.On(c.OutOrStdout())
		if len(args) == 0 {
			return listSources(screen, sources, *asJSON)
		}
		s, err := named(sources, args[0])
		if err != nil {
			return err
		}
		return setUp(screen, s, *asJSON)
	}
	return c
}

// readSources adapts a config and finds its sources.
func readSources(file, adapter string) ([]*configured, error) {
	config, used, _, err := caddycmd.LoadConfig(file, adapter)
	if err != nil {
		return nil, err
	}
	if len(config) == 0 {
		return nil, errors.New("there is no Caddyfile in this folder; write --config and where it is")
	}
	sources, err := configuredSources(config)
	if err != nil {
		return nil, err
	}
	if len(sources) == 0 {
		return nil, fmt.Errorf("%s has no source; add one to a site, such as `receive_webhooks /knolyx knolyx { ... }`", used)
	}
	return sources, nil
}

// named finds a source by its name.
func named(sources []*configured, name string) (*configured, error) {
	var names []string
	for _, s := range sources {
		if s.label() == name {
			return s, nil
		}
		names = append(names, s.label())
	}
	return nil, fmt.Errorf("the config has no source %q%s", name, nearest(name, names))
}

// listed is a source as JSON.
type listed struct {
	Source string   `json:"source"`
	Sender string   `json:"sender"`
	URLs   []string `json:"urls"`
}

func listSources(screen *show.Screen, sources []*configured, asJSON bool) error {
	var all []listed
	table := show.NewTable("SOURCE", "SENDER", "URL")
	for _, s := range sources {
		all = append(all, listed{s.label(), s.Sender, s.urls})
		for _, u := range s.urls {
			table.Row(s.label(), s.Sender, u)
		}
	}
	if asJSON {
		return screen.JSON(all)
	}
	screen.Table(table)
	return nil
}

func setUp(screen *show.Screen, s *configured, asJSON bool) error {
	g, err := s.guided()
	if err != nil {
		return err
	}
	steps := guide.Steps(g)
	if asJSON {
		return screen.JSON(struct {
			listed
			Steps []guide.Step `json:"steps"`
		}{listed{s.label(), s.Sender, s.urls}, steps})
	}
	screen.Line(show.Bold, "How to make %s send to the source %s", s.Sender, s.label())
	for i, step := range steps {
		screen.Say("")
		screen.Say("%d. %s", i+1, step.Do)
		for _, line := range step.Lines {
			screen.Line(show.Good, "     %s", line)
		}
	}
	return nil
}

// guided is the source without its secrets.
func (s *configured) guided() (guide.Source, error) {
	g := guide.Source{Name: s.label(), Sender: s.Sender, URLs: s.urls}
	platform, err := sender.New(s.Sender, sender.Options{})
	if err != nil {
		return g, err
	}
	for _, w := range platform.Vocabulary() {
		g.Events = append(g.Events, w.Sends)
	}
	g.Signs = origin("secret", s.Secrets)
	g.Token = origin("token", s.Tokens)
	g.URLToken = origin("url_token", s.URLTokens)
	if len(s.BasicAuth) > 0 {
		g.User = s.BasicAuth[0].User
		g.Password = origin("basic_auth", []string{s.BasicAuth[0].Password})
		if strings.HasPrefix(s.BasicAuth[0].Password, "$") {
			g.Password.Text = "the one whose hash stands behind `basic_auth` in the Caddyfile"
		}
	}
	g.Scheme = s.flags()
	return g, nil
}

var (
	fromEnv  = regexp.MustCompile(`^\{env\.([A-Za-z0-9_]+)\}$`)
	fromFile = regexp.MustCompile(`^\{file\.([^{}]+)\}$`)
)

// origin says where the first of some secrets comes from, and never what it is.
func origin(option string, values []string) guide.Origin {
	if len(values) == 0 {
		return guide.Origin{}
	}
	if m := fromEnv.FindStringSubmatch(values[0]); m != nil {
		return guide.Origin{Text: "the value of the environment variable " + m[1], Env: m[1]}
	}
	if m := fromFile.FindStringSubmatch(values[0]); m != nil {
		return guide.Origin{Text: "what is in the file " + m[1]}
	}
	return guide.Origin{Text: "what stands behind `" + option + "` in the Caddyfile"}
}

// flags are those of `send` that describe a custom source's proof.
func (s *configured) flags() []string {
	var flags []string
	add := func(name, value string) {
		if value != "" {
			flags = append(flags, "--"+name+" '"+strings.ReplaceAll(value, "'", `'\''`)+"'")
		}
	}
	add("token-header", s.TokenHeader)
	if s.StandardWebhooks {
		flags = append(flags, "--standard-webhooks")
	}
	if h := s.HMAC; h != nil {
		add("hmac-header", h.Header)
		add("hmac-algorithm", h.Algorithm)
		add("hmac-encoding", h.Encoding)
		add("hmac-key", h.Key)
		add("hmac-signature", h.Signature)
		add("hmac-timestamp", h.Timestamp)
		add("hmac-id", h.ID)
		add("hmac-signed", h.Signed)
	}
	return flags
}
