package rules

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Rule sends the events for which its condition holds to backends, or drops
// them.
type Rule struct {
	Name string
	// When is the condition.
	When string
	// To names the backends; empty for a rule that drops.
	To []string
	// Drop ends the event without deliveries.
	Drop bool
	// Transform gives what replaces the event's data; "" leaves it.
	Transform string
	// At is where When stands, TransformAt where Transform does.
	At, TransformAt Position
}

// Config is all that routing needs to know.
type Config struct {
	Rules []Rule
	// Default names the backends for events that no rule took.
	Default []string
	// Backends are the known ones; nothing else may be named.
	Backends []string
}

// Set is a compiled Config. It may be used from many goroutines at once.
type Set struct {
	rules    []rule
	defaults []string
	reads    reads
}

// Reads is what the conditions and transforms read of a name of Env, such as
// "original".
func (s *Set) Reads(name string) Part { return s.reads[name] }

type rule struct {
	Rule
	when, transform *program // transform is nil without one
}

// Compile compiles all rules. The error is an Errors with every problem found.
func Compile(c Config) (*Set, error) {
	var problems Errors
	seen := map[string]bool{}
	set := &Set{rules: make([]rule, len(c.Rules)), defaults: slices.Clone(c.Default), reads: reads{}}
	for i, r := range c.Rules {
		problems = append(problems, r.check(seen, c.Backends)...)
		seen[r.Name] = true
		compiled, errs := r.compile()
		problems = append(problems, errs...)
		set.rules[i] = compiled
		for _, p := range []*program{compiled.when, compiled.transform} {
			if p != nil {
				set.reads.and(p.reads)
			}
		}
	}
	problems = append(problems, checkBackends(source{}, "default", c.Default, c.Backends)...)
	if len(problems) > 0 {
		return nil, problems
	}
	return set, nil
}

// check looks at everything but the expressions.
func (r Rule) check(seen map[string]bool, backends []string) Errors {
	s := source{rule: strings.TrimSpace(r.Name), at: r.At}
	var problems Errors
	complain := func(message, hint string) { problems = append(problems, s.err(message, hint)) }
	if s.rule == "" {
		complain("a rule has no name", "put one before its condition")
	} else if seen[r.Name] {
		complain("there is another rule of this name", "give each rule a name of its own")
	}
	switch {
	case r.Drop && len(r.To) > 0:
		complain("it drops events and sends them too", "leave out either drop or the backends")
	case !r.Drop && len(r.To) == 0:
		complain("it names no backend", "name one, or write drop")
	case r.Drop && r.Transform != "":
		complain("it drops events and has a transform", "leave out either drop or the transform")
	}
	return append(problems, checkBackends(s, "it", r.To, backends)...)
}

func checkBackends(s source, who string, named, known []string) Errors {
	var problems Errors
	for i, name := range named {
		if !slices.Contains(known, name) {
			hint := nearest(name, slices.Clone(known))
			if hint == "" {
				hint = "known are: " + strings.Join(known, ", ")
			}
			if len(known) == 0 {
				hint = "define it as a backend first"
			}
			problems = append(problems, s.err(fmt.Sprintf("%s names the unknown backend %q", who, name), hint))
		} else if slices.Contains(named[:i], name) {
			problems = append(problems, s.err(fmt.Sprintf("%s names the backend %q twice", who, name), "name it once"))
		}
	}
	return problems
}

func (r Rule) compile() (rule, Errors) {
	out := rule{Rule: r}
	out.To = slices.Clone(r.To)
	var problems Errors
	s := source{rule: r.Name, text: r.When, at: r.At}
	if strings.TrimSpace(r.When) == "" {
		problems = append(problems, s.err("it has no condition", "write one, such as true"))
	} else if p, err := compile(s, eventScope{}); err != nil {
		problems = append(problems, err)
	} else if k := p.kind.Kind(); k != reflect.Bool && k != reflect.Interface {
		problems = append(problems, s.err("the condition gives "+kindOfType(p.kind)+", not true or false", "compare it with something"))
	} else {
		out.when = p
	}
	if r.Transform == "" {
		return out, problems
	}
	p, err := compile(source{rule: r.Name, text: r.Transform, at: r.TransformAt}, eventScope{})
	if err != nil {
		problems = append(problems, err)
	}
	out.transform = p
	return out, problems
}
