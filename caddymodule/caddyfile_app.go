package caddymodule

import (
	"errors"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/dustin/go-humanize"

	"github.com/porterslodge/porterslodge/rules"
)

// parseApp reads the global option:
//
//	webhook_gateway {
//		store      badger [<path>] { reserve <size> }
//		backend    <name> <url> { ... }
//		rule       <name> <condition> <backends...>|drop
//		rule       <name> <condition> { ... }
//		default    <backends...>
//		retention  <finished> [<stuck>]
//		quarantine <age> [<requests>]
//	}
//
// Rules are compiled here already, so that an error points into the file.
func parseApp(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next()
	if existing != nil {
		return nil, d.Err("webhook_gateway stands here a second time; put everything into one block")
	}
	if d.NextArg() {
		return nil, d.Errf("webhook_gateway takes a block and no argument, not %q", told(d.Val()))
	}
	app := new(App)
	if err := appOptions.parseBlock(app, d); err != nil {
		return nil, err
	}
	if err := app.Validate(); err != nil {
		return nil, d.WrapErr(err)
	}
	if _, err := compileRules(app.Rules, app.Default, app.Backends); err != nil {
		return nil, app.placed(err)
	}
	return httpcaddyfile.App{Name: appName, Value: caddyconfig.JSON(app, nil)}, nil
}

var appOptions = options[App]{
	"store":   {parse: parseStore},
	"backend": {parse: parseBackend, many: true},
	"rule":    {parse: parseRule, many: true},
	"default": {parse: parseDefault},
	"retention": {
		usage: "retention <finished> [<unrouted, invalid and dead>]", min: 1, max: 2,
		set: func(a *App, args []string) error {
			if len(args) == 2 {
				if err := duration(&a.RetentionStuck, args[1]); err != nil {
					return err
				}
			}
			return duration(&a.Retention, args[0])
		},
	},
	"quarantine": {
		usage: "quarantine <age> [<requests>]", min: 1, max: 2,
		set: func(a *App, args []string) error {
			if len(args) == 2 {
				if err := count(&a.QuarantineLimit, args[1]); err != nil {
					return err
				}
			}
			return duration(&a.QuarantineAge, args[0])
		},
	},
}

func parseDefault(a *App, d *caddyfile.Dispenser) (err error) {
	a.Default, err = words(d, "default", "default <backends...>")
	if err != nil {
		return err
	}
	a.defaultAt = place(d)
	if len(a.Default) == 0 {
		return d.Err("default needs a backend; write `default <backends...>`")
	}
	return nil
}

// placed gives the errors of the rules that name no place that of the default,
// and takes out what an expression has swallowed.
func (a *App) placed(err error) error {
	var errs rules.Errors
	if errors.As(err, &errs) {
		for _, e := range errs {
			if e.At.Line == 0 {
				e.At = a.defaultAt
			}
			for _, r := range a.Rules {
				if e.Snippet != "" && r.Name == e.Rule && (swallowed(r.When) || swallowed(r.Transform)) {
					*e = *withoutText(e)
				}
			}
		}
	}
	return err
}

// parseStore reads which module keeps the events, and lets that read the rest.
func parseStore(a *App, d *caddyfile.Dispenser) error {
	if !d.NextArg() {
		return d.Err("store needs the kind of store; write `store badger [<path>]`")
	}
	name := d.Val()
	if name != "badger" {
		return d.Errf("unknown store %s; the one there is, is badger", told(name))
	}
	unm, err := caddyfile.UnmarshalModule(d, "webhook_gateway.stores."+name)
	if err != nil {
		return err
	}
	a.StoreRaw = caddyconfig.JSONModuleObject(unm, "module", name, nil)
	return nil
}

// UnmarshalCaddyfile reads:
//
//	badger [<path>] {
//		reserve <size>
//	}
func (b *BadgerStore) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	args, err := words(d, "store", "store badger [<path>]")
	switch {
	case err != nil:
		return err
	case len(args) == 1:
		b.Path = args[0]
	case len(args) > 1:
		return d.Err("wrong number of arguments for store; write `store badger [<path>]`")
	}
	if err := badgerOptions.parseBlock(b, d); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

var badgerOptions = options[BadgerStore]{
	"reserve": {
		usage: "reserve 256MiB", min: 1, max: 1,
		set: func(b *BadgerStore, args []string) error {
			n, err := size(args[0])
			b.Reserve = n
			return err
		},
	},
}

// size reads a number of bytes such as 1MB or 256MiB.
func size(s string) (int64, error) {
	n, err := humanize.ParseBytes(s)
	if err != nil || n == 0 || n > 1<<50 {
		return 0, errors.New("that is no size such as 512KB, 1MB or 256MiB")
	}
	return int64(n), nil
}

var _ caddyfile.Unmarshaler = (*BadgerStore)(nil)
