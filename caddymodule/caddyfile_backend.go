package caddymodule

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseBackend reads:
//
//	backend <name> <url> {
//		secret      <secrets...>
//		header      <name> <value>
//		timeout     <duration>
//		concurrency <number>
//		rate        <number>/s|m|h
//		retry_for   <duration>
//		backoff     <first> [<longest>]
//		order_by    <expression>
//		transport   http { ... }
//	}
func parseBackend(a *App, d *caddyfile.Dispenser) error {
	b := new(Backend)
	const usage = "backend <name> <url>"
	args, err := words(d, "backend", usage)
	if err != nil {
		return err
	}
	if len(args) != 2 {
		return d.Errf("wrong number of arguments for backend; write `%s`", usage)
	}
	b.Name, b.URL = args[0], args[1]
	a.Backends = append(a.Backends, b)
	if _, err := backendNames(a.Backends); err != nil {
		return d.WrapErr(err)
	}
	head := *d // its errors name this line, not that of the block's end
	if err := backendOptions.parseBlock(b, d); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return head.WrapErr(fmt.Errorf("backend %s: %w", b.Name, err))
	}
	return nil
}

var backendOptions = options[Backend]{
	"secret": {
		usage: "secret <secrets...>", min: 1, max: -1, many: true,
		set: func(b *Backend, args []string) error { b.Secrets = append(b.Secrets, args...); return nil },
	},
	"header": {
		usage: "header <name> <value>", min: 2, max: 2, many: true,
		set: func(b *Backend, args []string) error {
			if b.Headers == nil {
				b.Headers = make(http.Header)
			}
			b.Headers.Add(args[0], args[1])
			return nil
		},
	},
	"timeout": {
		usage: "timeout 10s", min: 1, max: 1,
		set: func(b *Backend, args []string) error { return duration(&b.Timeout, args[0]) },
	},
	"concurrency": {
		usage: "concurrency 8", min: 1, max: 1,
		set: func(b *Backend, args []string) error { return count(&b.Concurrency, args[0]) },
	},
	"rate": {
		usage: "rate 50/s", min: 1, max: 1,
		set: func(b *Backend, args []string) (err error) { b.Rate, err = perSecond(args[0]); return err },
	},
	"retry_for": {
		usage: "retry_for 72h", min: 1, max: 1,
		set: func(b *Backend, args []string) error { return duration(&b.RetryFor, args[0]) },
	},
	"backoff": {
		usage: "backoff <first> [<longest>]", min: 1, max: 2,
		set: func(b *Backend, args []string) error {
			if len(args) == 2 {
				if err := duration(&b.BackoffLongest, args[1]); err != nil {
					return err
				}
			}
			return duration(&b.BackoffFirst, args[0])
		},
	},
	"order_by":  {parse: parseOrderBy},
	"transport": {parse: parseTransport},
}

func parseOrderBy(b *Backend, d *caddyfile.Dispenser) error {
	expr, at, err := expression(d, "order_by `data.student.id`")
	if err != nil {
		return err
	}
	if strings.TrimSpace(expr) == "" {
		return d.Err("order_by is empty; write such as order_by `data.student.id`, or leave it out")
	}
	b.OrderBy = expr
	_, err = b.orderBy(at)
	return unquoted(err, expr)
}

func parseTransport(b *Backend, d *caddyfile.Dispenser) error {
	if !d.NextArg() || d.Val() != "http" {
		return d.Err("transport needs a kind; write `transport http { ... }`, with the options of Caddy's reverse_proxy")
	}
	unm, err := caddyfile.UnmarshalModule(d, "http.reverse_proxy.transport.http")
	if err != nil {
		return err
	}
	b.TransportRaw = caddyconfig.JSONModuleObject(unm, "protocol", "http", nil)
	return nil
}
