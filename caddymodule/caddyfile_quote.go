package caddymodule

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/porterslodge/porterslodge/rules"
)

// An argument of several lines has mostly swallowed what stands behind a quote
// that isn't closed, secrets among it. Only expressions may have several lines,
// and no error shows more than the first line of another argument.

func hasLines(token string) bool { return strings.Contains(token, "\n") }

// told is a token as an error may show it.
func told(token string) string {
	if !hasLines(token) {
		return token
	}
	line, _, _ := strings.Cut(token, "\n")
	return line + "... (which goes over several lines: is a quote not closed?)"
}

// words are the arguments that are left of a line, none of which has several lines.
func words(d *caddyfile.Dispenser, name, usage string) ([]string, error) {
	args := d.RemainingArgs()
	if slices.ContainsFunc(args, hasLines) {
		return nil, d.Errf("%s: what stands behind it goes over several lines: is a quote not closed? write `%s`", name, usage)
	}
	return args, nil
}

// withoutText is an error about an expression that shows nothing of it.
func withoutText(e *rules.Error) *rules.Error {
	return &rules.Error{Rule: e.Rule, At: e.At, Message: "it goes over several lines and is no expression: is a quote not closed?"}
}

// unquoted is why an expression doesn't compile, without its text where it has
// swallowed what stands behind it.
func unquoted(err error, expr string) error {
	var e *rules.Error
	if !swallowed(expr) || !errors.As(err, &e) {
		return err
	}
	return withoutText(e)
}

var subdirective = regexp.MustCompile(`(?m)^\s*(backend|rule|default|receive_webhooks|secret|token|url_token|basic_auth|header)\s`)

// swallowed tells that a text that is no expression has the look of a Caddyfile:
// a block is closed that wasn't opened, or a line begins like one of ours.
func swallowed(expr string) bool {
	if !hasLines(expr) {
		return false
	}
	open := 0
	for _, c := range expr {
		switch c {
		case '{':
			open++
		case '}':
			open--
		}
		if open < 0 {
			return true
		}
	}
	return subdirective.MatchString(expr)
}
