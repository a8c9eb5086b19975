package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
)

func init() {
	caddy.RegisterModule(new(App))
	caddy.RegisterModule(Handler{})
	caddy.RegisterModule(NotFound{})
	caddy.RegisterModule(BadgerStore{})

	httpcaddyfile.RegisterGlobalOption(appName, parseApp)
	httpcaddyfile.RegisterDirective(directive, parseSource)
	// Before everything that may answer for a whole site.
	httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "abort")

	caddycmd.RegisterCommand(webhooksCommand)
}

const (
	appName   = "webhook_gateway"
	directive = "receive_webhooks"
)
