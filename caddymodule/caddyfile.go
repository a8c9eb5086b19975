package caddymodule

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// option is one subdirective of a block: how many arguments it takes and what
// it does with them.
type option[T any] struct {
	// usage is shown when the arguments don't fit.
	usage string
	// min and max count arguments; max -1 is any number.
	min, max int
	// many says that it may stand more than once.
	many bool
	// set takes the arguments. Nothing may stand in a block behind it.
	set func(t *T, args []string) error
	// parse takes over instead, for an option with a block or with places to
	// remember: the dispenser stands on its name.
	parse func(t *T, d *caddyfile.Dispenser) error
}

// options is a block's table of subdirectives.
type options[T any] map[string]option[T]

// parseBlock reads the block behind the dispenser's current line.
func (o options[T]) parseBlock(t *T, d *caddyfile.Dispenser) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		opt, ok := o[name]
		if !ok {
			return d.Errf("unknown subdirective %s%s", told(name), nearest(name, slices.Sorted(maps.Keys(o))))
		}
		if seen[name] && !opt.many {
			return d.Errf("%s stands here a second time; leave one out", name)
		}
		seen[name] = true
		if err := opt.apply(t, d); err != nil {
			return err
		}
	}
	return nil
}

func (o option[T]) apply(t *T, d *caddyfile.Dispenser) error {
	if o.parse != nil {
		return o.parse(t, d)
	}
	name := d.Val()
	args, err := words(d, name, o.usage)
	if err != nil {
		return err
	}
	if len(args) < o.min || (o.max >= 0 && len(args) > o.max) {
		return d.Errf("wrong number of arguments for %s; write `%s`", name, o.usage)
	}
	if err := o.set(t, args); err != nil {
		return d.Errf("%s: %w; write `%s`", name, err, o.usage)
	}
	if d.NextBlock(d.Nesting()) {
		return d.Errf("%s takes no block; write `%s`", name, o.usage)
	}
	return nil
}

// nearest suggests the name that was probably meant.
func nearest(name string, known []string) string {
	best, distance := "", len(name)/2+1
	for _, k := range known {
		if d := levenshtein.ComputeDistance(name, k); d < distance {
			best, distance = k, d
		}
	}
	if best == "" {
		return "; known here: " + strings.Join(known, ", ")
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}

// duration reads a span of time above zero, days included.
func duration(to *caddy.Duration, s string) error {
	d, err := caddy.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is no span of time such as 30s, 10m or 7d", s)
	}
	*to = caddy.Duration(d)
	return nil
}

// count reads a whole number of at least one.
func count(to *int, s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		return fmt.Errorf("%q is no whole number above 0", s)
	}
	*to = n
	return nil
}

// perSecond reads a rate such as 50/s, 600/m or 1000/h.
func perSecond(s string) (float64, error) {
	for unit, span := range map[string]time.Duration{"/s": time.Second, "/m": time.Minute, "/h": time.Hour} {
		if number, ok := strings.CutSuffix(s, unit); ok {
			if n, err := strconv.ParseFloat(number, 64); err == nil && n > 0 && n <= 1e9 {
				return n / span.Seconds(), nil
			}
		}
	}
	return 0, fmt.Errorf("%q is no rate such as 50/s, 600/m or 1000/h", s)
}
