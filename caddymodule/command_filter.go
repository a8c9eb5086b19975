package caddymodule

import (
	"errors"
	"fmt"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/adminapi"
)

// filterFlags say which events a command is about.
type filterFlags struct {
	source, kind, state, backend, since, until, where *string
}

func addFilter(c *cobra.Command) *filterFlags {
	f := c.Flags()
	return &filterFlags{
		source:  f.String("source", "", "of this source"),
		kind:    f.String("type", "", "of this type; * stands for anything, as in 'course.*'"),
		state:   f.String("state", "", "in this state"),
		backend: f.String("backend", "", "sent to this backend"),
		since:   f.String("since", "", "received since then: a time such as 2026-11-21T08:00:00Z, a day, or an age such as 2h or 7d"),
		until:   f.String("until", "", "received until then"),
		where:   f.String("where", "", "for which this condition holds, written as in a rule"),
	}
}

func (f *filterFlags) filter() (adminapi.Filter, error) {
	out := adminapi.Filter{Source: *f.source, Type: *f.kind, State: *f.state, Backend: *f.backend, Where: *f.where}
	var err error
	if out.Since, err = moment("since", *f.since); err != nil {
		return out, err
	}
	out.Until, err = moment("until", *f.until)
	return out, err
}

// ofQuarantine refuses what says nothing of quarantined requests: if it were
// left unheard, more would be meant than was written.
func ofQuarantine(f adminapi.Filter) error {
	if f != (adminapi.Filter{Source: f.Source, State: quarantinedState}) {
		return errors.New("quarantined requests are told apart by --source alone; leave the other filters out")
	}
	return nil
}

// moment reads a time, a day or an age.
func moment(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, nil
		}
	}
	if age, err := caddy.ParseDuration(text); err == nil {
		return time.Now().Add(-age), nil
	}
	return time.Time{}, fmt.Errorf("--%s %q is no time; write such as 2026-11-21T08:00:00Z, 2026-11-21, 2h or 7d", flag, text)
}
