package caddymodule

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/porterslodge/porterslodge/rules"
)

// sourceOptions are the subdirectives of receive_webhooks.
var sourceOptions = options[SourceConfig]{
	// name <name>: the source's name. Default: the sender's.
	"name": {
		usage: "name <name>", min: 1, max: 1,
		set: func(c *SourceConfig, args []string) error { c.Name = args[0]; return nil },
	},
	// methods <methods...>: what is accepted. Default: the sender's own.
	"methods": {
		usage: "methods POST PUT", min: 1, max: -1,
		set: func(c *SourceConfig, args []string) error { c.Methods = args; return c.checkLimits() },
	},
	// max_body <size>: larger ones are answered 413. Default: 1MB.
	"max_body": {
		usage: "max_body 1MB", min: 1, max: 1,
		set: func(c *SourceConfig, args []string) (err error) {
			if c.MaxBody, err = size(args[0]); err != nil {
				return err
			}
			return c.checkLimits()
		},
	},
	// dedupe <window> [<key expr>] | off. Default: the sender's own.
	"dedupe": {parse: parseDedupe},
	// unverified quarantine|reject. Default: quarantine.
	"unverified": {
		usage: "unverified quarantine|reject", min: 1, max: 1,
		set: func(c *SourceConfig, args []string) error { c.Unverified = args[0]; return c.checkLimits() },
	},
	// respond <status>: for a kept event. Default: 202.
	"respond": {
		usage: "respond 202", min: 1, max: 1,
		set: func(c *SourceConfig, args []string) (err error) {
			if c.Respond, err = strconv.Atoi(args[0]); err != nil {
				return fmt.Errorf("%q is no status", args[0])
			}
			return c.checkLimits()
		},
	},
	// headers <names...>: what rules and backends may see. Default: none.
	"headers": {
		usage: "headers X-GitHub-Event", min: 1, max: -1, many: true,
		set: func(c *SourceConfig, args []string) error { c.Headers = append(c.Headers, args...); return nil },
	},
	// secret <secrets...>: the sender signs with one of them.
	"secret": {
		usage: "secret {env.NAME}", min: 1, max: -1, many: true,
		set: func(c *SourceConfig, args []string) error { return filled(&c.Secrets, args) },
	},
	// token <tokens...>: the sender puts one of them in a header.
	"token": {
		usage: "token {env.NAME}", min: 1, max: -1, many: true,
		set: func(c *SourceConfig, args []string) error { return filled(&c.Tokens, args) },
	},
	// token_header <name>: of a custom source. Default: Authorization.
	"token_header": {
		usage: "token_header X-Token", min: 1, max: 1,
		set: func(c *SourceConfig, args []string) error { c.TokenHeader = args[0]; return nil },
	},
	// url_token <tokens...>: one of them ends the URL's path, or is ?token=.
	"url_token": {
		usage: "url_token {env.NAME}", min: 1, max: -1, many: true,
		set: func(c *SourceConfig, args []string) error { return filled(&c.URLTokens, args) },
	},
	// basic_auth <user> <password or hash>.
	"basic_auth": {
		usage: "basic_auth <user> {env.NAME}", min: 2, max: 2, many: true,
		set: func(c *SourceConfig, args []string) error {
			if args[0] == "" || args[1] == "" {
				return errEmpty
			}
			c.BasicAuth = append(c.BasicAuth, Account{User: args[0], Password: args[1]})
			return nil
		},
	},
	// hmac { ... }: a custom source's signature scheme.
	"hmac": {parse: parseHMAC},
	// standard_webhooks: verifies by Standard Webhooks 1.0.
	"standard_webhooks": {
		usage: "standard_webhooks",
		set:   func(c *SourceConfig, _ []string) error { c.StandardWebhooks = true; return nil },
	},
	// unsigned: accepts requests without any proof.
	"unsigned": {
		usage: "unsigned",
		set:   func(c *SourceConfig, _ []string) error { c.Unsigned = true; return nil },
	},
	// event_type, event_id, event_time <expr>: of a custom source.
	"event_type": extractOption("event_type", "body.type", func(c *SourceConfig) *string { return &c.EventType }),
	"event_id":   extractOption("event_id", "body.id", func(c *SourceConfig) *string { return &c.EventID }),
	"event_time": extractOption("event_time", "body.created", func(c *SourceConfig) *string { return &c.EventTime }),
	// trigger <path>: where a softbook body names its trigger.
	"trigger": {
		usage: "trigger body.trigger", min: 1, max: 1,
		set: func(c *SourceConfig, args []string) error { c.Trigger = args[0]; return nil },
	},
	// field <name> <path>: where a field of a softbook body stands.
	"field": {
		usage: "field order_id body.order.id", min: 2, max: 2, many: true,
		set: func(c *SourceConfig, args []string) error {
			if c.Fields == nil {
				c.Fields = make(map[string]string)
			}
			if _, twice := c.Fields[args[0]]; twice {
				return fmt.Errorf("%s is set a second time", args[0])
			}
			c.Fields[args[0]] = args[1]
			return nil
		},
	},
}

var errEmpty = errors.New("a secret is empty; is the environment variable set?")

// filled appends secrets, none of them empty.
func filled(to *[]string, args []string) error {
	for _, a := range args {
		if strings.TrimSpace(a) == "" {
			return errEmpty
		}
	}
	*to = append(*to, args...)
	return nil
}

func extractOption(name, example string, field func(*SourceConfig) *string) option[SourceConfig] {
	return option[SourceConfig]{parse: func(c *SourceConfig, d *caddyfile.Dispenser) error {
		expr, at, err := expression(d, name+" `"+example+"`")
		if err != nil {
			return err
		}
		*field(c) = expr
		_, err = rules.CompileExtract(name, expr, at)
		return unquoted(err, expr)
	}}
}

func parseDedupe(c *SourceConfig, d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("dedupe needs a window; write `dedupe 10m`, or `dedupe off`")
	}
	c.Dedupe = new(DedupeConfig)
	if d.Val() == "off" {
		c.Dedupe.Off = true
		if d.NextArg() {
			return d.Err("dedupe off takes nothing more")
		}
		return nil
	}
	if hasLines(d.Val()) {
		return d.Err("dedupe: its window goes over several lines: is a quote not closed? write `dedupe 10m`")
	}
	if err := duration(&c.Dedupe.Window, d.Val()); err != nil {
		return d.Errf("dedupe: %w; write `dedupe 10m`, or `dedupe off`", err)
	}
	if !d.NextArg() {
		return nil
	}
	expr, at := d.Val(), place(d)
	c.Dedupe.Key = expr
	if d.NextArg() {
		return d.Err("dedupe takes a window and one expression; put the expression between backticks")
	}
	_, err := rules.CompileExtract("dedupe", expr, at)
	return unquoted(err, expr)
}

func parseHMAC(c *SourceConfig, d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.Errf("hmac takes a block and no argument, not %q", told(d.Val()))
	}
	c.HMAC = new(HMAC)
	if err := hmacOptions.parseBlock(c.HMAC, d); err != nil {
		return err
	}
	if c.HMAC.Header == "" {
		return d.Err("hmac needs the header that holds the signature; write `header X-Signature` in its block")
	}
	return nil
}

var hmacOptions = options[HMAC]{
	"header":    word("header X-Signature", func(h *HMAC) *string { return &h.Header }),
	"algorithm": word("algorithm sha1|sha256|sha384|sha512", func(h *HMAC) *string { return &h.Algorithm }),
	"encoding":  word("encoding hex|base64", func(h *HMAC) *string { return &h.Encoding }),
	"key":       word("key utf8|hex|base64", func(h *HMAC) *string { return &h.Key }),
	"signature": word("signature v1=", func(h *HMAC) *string { return &h.Signature }),
	"timestamp": word("timestamp t=", func(h *HMAC) *string { return &h.Timestamp }),
	"id":        word("id X-Request-Id", func(h *HMAC) *string { return &h.ID }),
	"signed": {
		usage: `signed "{timestamp}.{body}"`, min: 1, max: 1,
		set: func(h *HMAC, args []string) error {
			// In a site block Caddy has made a request's placeholder of it.
			h.Signed = strings.ReplaceAll(args[0], "{http.request.method}", "{method}")
			return nil
		},
	},
	"tolerance": {
		usage: "tolerance 5m|off", min: 1, max: 1,
		set: func(h *HMAC, args []string) error {
			if args[0] == "off" {
				h.Tolerance = caddy.Duration(-1)
				return nil
			}
			return duration(&h.Tolerance, args[0])
		},
	},
}

// word is an option with one argument that is taken as it is.
func word(usage string, field func(*HMAC) *string) option[HMAC] {
	return option[HMAC]{
		usage: usage, min: 1, max: 1,
		set: func(h *HMAC, args []string) error { *field(h) = args[0]; return nil },
	}
}
