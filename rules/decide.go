package rules

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// Decision is what becomes of an event.
type Decision struct {
	// Sends are its deliveries, in the order of the rules: at most one for
	// each backend, none when the event is dropped or a rule failed.
	Sends []Send
	// Dropped tells that a rule ended the event on purpose.
	Dropped bool
	// Verdicts are those of all rules, in their order.
	Verdicts []Verdict
}

// Send is a delivery to one backend.
type Send struct {
	Backend string
	// Rule is the one that decided the transform; "" for the default.
	Rule string
	// Data is the transform's result as JSON; nil without a transform.
	Data json.RawMessage
}

// Verdict is what one rule said.
type Verdict struct {
	Rule    string
	Matched bool
	// Err is an *Error when the condition or the transform failed.
	Err error
}

// Failed gives a sentence for each rule that failed, without any value from
// the event.
func (d Decision) Failed() []string {
	var reasons []string
	for _, v := range d.Verdicts {
		if v.Err == nil {
			continue
		}
		if err := (*Error)(nil); errors.As(v.Err, &err) {
			reasons = append(reasons, fmt.Sprintf("rule %s failed: %s", v.Rule, err.reason()))
		}
	}
	return reasons
}

// Decide evaluates every rule. A matching rule that drops wins over all
// others, also over failed ones; otherwise an event with a failed rule is sent
// nowhere; otherwise each backend gets it once, by the first rule that names
// it, and the default's backends only get what no rule took.
func (s *Set) Decide(env *Env) Decision {
	r := start()
	defer r.end()
	scope := env.scope(r)
	d := Decision{Verdicts: make([]Verdict, len(s.rules))}
	failed, matched := false, false
	for i := range s.rules {
		v := &d.Verdicts[i]
		*v = s.rules[i].judge(r, scope)
		matched = matched || v.Matched
		failed = failed || v.Err != nil
		d.Dropped = d.Dropped || v.Matched && s.rules[i].Drop
	}
	switch {
	case d.Dropped || failed:
	case !matched:
		for _, backend := range s.defaults {
			d.Sends = append(d.Sends, Send{Backend: backend})
		}
	default:
		s.send(&d, r, scope)
	}
	return d
}

func (u *rule) judge(r *run, scope any) Verdict {
	v := Verdict{Rule: u.Name}
	if err := u.when.run(r, scope, func(result any) error {
		v.Matched = truth(result)
		return nil
	}); err != nil {
		v.Err = err
	}
	return v
}

// send fills in the deliveries. A transform is only run when it is needed.
func (s *Set) send(d *Decision, r *run, scope any) {
	for i := range s.rules {
		u, v := &s.rules[i], &d.Verdicts[i]
		if !v.Matched {
			continue
		}
		free := slices.DeleteFunc(slices.Clone(u.To), func(backend string) bool {
			return slices.ContainsFunc(d.Sends, func(s Send) bool { return s.Backend == backend })
		})
		if len(free) == 0 {
			continue
		}
		data, err := u.data(r, scope)
		v.Err = err
		for _, backend := range free {
			d.Sends = append(d.Sends, Send{backend, u.Name, data})
		}
	}
	if len(d.Failed()) > 0 {
		d.Sends = nil
	}
}

// data runs the transform.
func (u *rule) data(r *run, scope any) (data json.RawMessage, err error) {
	if u.transform == nil {
		return nil, nil
	}
	err = u.transform.run(r, scope, func(result any) (err error) {
		data, err = encode(r, result)
		return err
	})
	return data, err
}
