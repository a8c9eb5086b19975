package caddymodule

import (
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/porterslodge/porterslodge/rules"
)

// parseRule reads one of:
//
//	rule <name> <condition> <backends...>
//	rule <name> <condition> drop
//	rule <name> <condition> {
//		to        <backends...>
//		transform <expression>
//		drop
//	}
func parseRule(a *App, d *caddyfile.Dispenser) error {
	r := new(Rule)
	if !d.Args(&r.Name, &r.When) {
		return d.Err("a rule needs a name, a condition and where to send; write " + ruleUsage)
	}
	if hasLines(r.Name) {
		return d.Err("the name of a rule goes over several lines: is a quote not closed? write " + ruleUsage)
	}
	r.at = place(d)
	to, err := words(d, "rule "+r.Name, ruleUsage)
	switch {
	case err != nil:
		return err
	case len(to) == 1 && to[0] == dropWord:
		r.Drop = true
	case slices.Contains(to, dropWord):
		return d.Errf("rule %s: drop stands alone, because a dropped event goes nowhere; leave out drop or the backends", r.Name)
	default:
		r.To = to
	}
	a.Rules = append(a.Rules, r)
	return ruleOptions.parseBlock(r, d)
}

const ruleUsage = "rule <name> `<condition>` <backends...>"

var ruleOptions = options[Rule]{
	"to": {
		usage: "to <backends...>", min: 1, max: -1,
		set: func(r *Rule, args []string) error { r.To = append(r.To, args...); return nil },
	},
	dropWord: {
		usage: "drop", min: 0, max: 0,
		set: func(r *Rule, _ []string) error { r.Drop = true; return nil },
	},
	"transform": {parse: parseTransform},
}

func parseTransform(r *Rule, d *caddyfile.Dispenser) (err error) {
	r.Transform, r.transformAt, err = expression(d, "transform `{\"email\": data.student.email}`")
	return err
}

// expression reads the one argument of an option that takes an expression, and
// where it stands.
func expression(d *caddyfile.Dispenser, usage string) (string, rules.Position, error) {
	if !d.NextArg() {
		return "", rules.Position{}, d.Errf("an expression is missing; write %s", usage)
	}
	expr, at := d.Val(), place(d)
	if d.NextArg() {
		return "", at, d.Errf("one expression is expected, and %q is one argument too many; put the expression between backticks, as in %s", told(d.Val()), usage)
	}
	return expr, at, nil
}

// place is where the dispenser's current argument begins. Caddy's tokens know
// file and line; the column is looked up in the file, and is that within the
// expression where the file can't be read.
func place(d *caddyfile.Dispenser) rules.Position {
	p := rules.Position{File: d.File(), Line: d.Line(), Column: 1}
	content, err := os.ReadFile(p.File)
	if err != nil {
		return p
	}
	lines := strings.Split(string(content), "\n")
	if p.Line < 1 || p.Line > len(lines) {
		return p
	}
	first, _, _ := strings.Cut(d.Val(), "\n")
	line := lines[p.Line-1]
	if i := strings.Index(line, first); i >= 0 && first != "" {
		p.Column = utf8.RuneCountInString(line[:i]) + 1
	}
	return p
}
