package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/signal"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// asking is a command that asks a running server.
type asking struct {
	*cobra.Command
	address *string
	json    *bool

	*adminapi.Client
	screen *show.Screen
	// aside is for what isn't the answer: progress and hints.
	aside *show.Screen
}

// asks makes a command that asks a running server.
func asks(c *cobra.Command, run func(ctx context.Context, a *asking, args []string) error) *asking {
	a := &asking{Command: c, json: jsonFlag(c)}
	a.address = c.Flags().String("address", "", "where the server's admin API is; default: as for Caddy's own commands")
	c.RunE = func(c *cobra.Command, args []string) error {
		a.screen, a.aside = show.On(c.OutOrStdout()), show.On(c.ErrOrStderr())
		if *a.address == "" {
			*a.address = caddy.DefaultAdminListen
		}
		var err error
		if a.Client, err = adminClient(*a.address); err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
		defer stop()
		err = run(ctx, a, args)
		if asked := new(url.Error); errors.As(err, &asked) && ctx.Err() != nil {
			return errInterrupted
		}
		return a.explain(err)
	}
	return a
}

var errInterrupted = errors.New("interrupted")

// adminClient reaches a server's admin API at an address as Caddy writes it.
func adminClient(address string) (*adminapi.Client, error) {
	parsed, err := caddy.ParseNetworkAddress(address)
	if err != nil || parsed.PortRangeSize() > 1 || !parsed.IsUnixNetwork() && !isHost(parsed.JoinHostPort(0)) {
		return nil, fmt.Errorf("%q is no address of an admin API; write such as localhost:2019 or unix//run/caddy-admin.sock", address)
	}
	c := &adminapi.Client{Host: parsed.JoinHostPort(0), Agent: "caddy webhooks"}
	target := c.Host
	if parsed.IsUnixNetwork() {
		// Its permissions may stand behind the path.
		target, _, _ = strings.Cut(parsed.Host, "|")
		c.Host = "127.0.0.1"
	} else {
		c.Origin = "http://" + c.Host
	}
	c.HTTP = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, parsed.Network, target)
		},
	}}
	return c, nil
}

func isHost(host string) bool {
	u, err := url.Parse("http://" + host)
	return err == nil && u.Host == host
}

// explain says what to do about an error.
func (a *asking) explain(err error) error {
	var dialling *net.OpError
	switch {
	case errors.As(err, &dialling) && dialling.Op == "dial":
		return fmt.Errorf("no server answers at %s (%w); start one by `caddy run`, or say by --address where its admin API is", *a.address, dialling.Err)
	case errors.Is(err, adminapi.ErrNotOurs):
		return fmt.Errorf("%w (%s); say by --address where its admin API is", err, *a.address)
	}
	return err
}
