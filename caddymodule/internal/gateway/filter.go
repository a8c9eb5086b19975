package gateway

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/porterslodge/porterslodge/caddymodule/internal/clock"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/rules"
)

// ErrFilter tells that a filter can't be used as it is.
var ErrFilter = errors.New("the filter can't be used")

// Filter says which events are meant. What is empty doesn't narrow.
type Filter struct {
	Source, Backend, ID string
	// Type may have a *, as in "course.*".
	Type string
	// State is an event's, or that of a delivery: to Backend, if that is given.
	State event.State
	// Since and Until are of when the request was received.
	Since, Until time.Time
	// Where is a condition, as in a rule.
	Where string
}

// judged is a filter made ready.
type judged struct {
	Filter
	since, until time.Time
	where        *Config // of one rule; nil without a condition
}

const whereRule = "where"

var filterStates = []event.State{
	"", event.Waiting, event.Routed, event.Unrouted, event.Invalid, event.Delivered, event.Dead, event.Discarded,
}

func (c *Config) filter(f Filter) (*judged, error) {
	j := &judged{Filter: f, since: f.Since, until: f.Until}
	if !slices.Contains(filterStates, f.State) {
		return nil, fmt.Errorf("%w: no event is in state %q; the states are %s, and quarantined for requests that failed verification",
			ErrFilter, f.State, strings.Trim(strings.ReplaceAll(fmt.Sprint(filterStates[1:]), " ", ", "), "[]"))
	}
	if _, err := path.Match(f.Type, ""); err != nil {
		return nil, fmt.Errorf("%w: type %q is no pattern; write such as course.*", ErrFilter, f.Type)
	}
	if made, ok := madeAt(f.ID); ok && made.After(j.since) && made.Before(clock.Now()) {
		j.since = made // no event is older than its id, unless the clock was set back
	}
	if f.Where == "" {
		return j, nil
	}
	set, err := rules.Compile(rules.Config{Rules: []rules.Rule{{Name: whereRule, When: f.Where, Drop: true}}})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFilter, unnamed(err))
	}
	j.where = &Config{Rules: set, Sources: c.Sources}
	return j, nil
}

// unnamed takes the name of whereRule out of what is wrong with it.
func unnamed(err error) error {
	var all rules.Errors
	if errors.As(err, &all) {
		for _, one := range all {
			one.Rule = ""
		}
	}
	return err
}

// clocks is how far the clock of a sender may be ahead of ours.
const clocks = 25 * time.Hour

// madeAt is the earliest time at which an event with this id can have come, of
// an id that tells it: one that we gave does.
func madeAt(id string) (time.Time, bool) {
	u, err := uuid.Parse(id)
	if err != nil || u.Version() != 7 {
		return time.Time{}, false
	}
	return time.Unix(u.Time().UnixTime()).Add(-clocks), true
}

// fits tells whether an event is meant. An event of which the condition can't
// be told isn't: then told is false.
func (j *judged) fits(s *Sight) (fits, told bool) {
	received := s.Request.Received
	switch {
	case j.Source != "" && s.Source != j.Source,
		j.ID != "" && s.ID != j.ID,
		received.Before(j.since),
		!j.until.IsZero() && received.After(j.until),
		!j.fitsType(s), !j.fitsState(s):
		return false, true
	case j.where == nil:
		return true, true
	}
	return j.where.holds(s.Event)
}

func (j *judged) fitsType(s *Sight) bool {
	ok, _ := path.Match(j.Type, s.Outcome.Normalized.Type) // filter looked at it
	return ok || j.Type == ""
}

func (j *judged) fitsState(s *Sight) bool {
	switch j.State {
	case event.Delivered, event.Dead, event.Discarded:
		return len(s.to(j.Backend, j.State)) > 0
	case event.Waiting:
		return s.State() == event.Waiting && j.Backend == "" || len(s.to(j.Backend, event.Waiting)) > 0
	}
	return (j.State == "" || s.State() == j.State) &&
		(j.Backend == "" || slices.Contains(s.Outcome.Backends, j.Backend))
}

// holds evaluates the condition.
func (c *Config) holds(ev *event.Event) (holds, told bool) {
	s := c.sender(ev)
	if s == nil {
		return false, false
	}
	env, err := c.environment(s, ev, &ev.Outcome.Normalized)
	if err != nil {
		return false, false
	}
	v := c.Rules.Decide(&env).Verdicts[0]
	return v.Matched, v.Err == nil
}
