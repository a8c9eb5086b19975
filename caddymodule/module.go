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
	caddy.RegisterModule(Health{})
	caddy.RegisterModule(AdminHealth{})
	caddy.RegisterModule(BadgerStore{})
	caddy.RegisterModule(AdminAPI{})

	httpcaddyfile.RegisterGlobalOption(appName, parseApp)
	httpcaddyfile.RegisterHandlerDirective(healthDirective, parseHealth)
	httpcaddyfile.RegisterDirective(directive, parseSource)
	// Before everything that may answer for a whole site, such as a last handle block,
	// and health before the sources, behind which comes a 404.
	httpcaddyfile.RegisterDirectiveOrder(healthDirective, httpcaddyfile.Before, "handle")
	httpcaddyfile.RegisterDirectiveOrder(directive, httpcaddyfile.Before, "handle")

	caddycmd.RegisterCommand(webhooksCommand)
}

const (
	appName   = "webhook_gateway"
	directive = "receive_webhooks"
)
