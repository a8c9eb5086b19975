package caddymodule

import (
	"errors"
	"fmt"

	"github.com/porterslodge/porterslodge/rules"
)

// Rule says which events go where. Its condition is written in expr and sees
// `type`, `sender`, `source`, `sender_type`, `id`, `time`, `received`,
// `subject`, `data`, `previous`, `changed`, `original` and `headers`.
type Rule struct {
	// The rule's name, for logs and for whoever asks why.
	Name string `json:"name"`

	// The condition.
	When string `json:"when"`

	// The names of the backends that get the event.
	To []string `json:"to,omitempty"`

	// Ends the event without deliveries, whatever other rules say.
	Drop bool `json:"drop,omitempty"`

	// An expression whose result replaces the event's data. Default: none.
	Transform string `json:"transform,omitempty"`

	at, transformAt rules.Position
}

// compileRules checks all rules against the backends and each other.
func compileRules(list []*Rule, byDefault []string, backends []*Backend) (*rules.Set, error) {
	names, err := backendNames(backends)
	if err != nil {
		return nil, err
	}
	c := rules.Config{Default: byDefault, Backends: names}
	for i, r := range list {
		if r == nil {
			return nil, fmt.Errorf("rule %d is null; leave it out", i+1)
		}
		c.Rules = append(c.Rules, rules.Rule{
			Name: r.Name, When: r.When, To: r.To, Drop: r.Drop, Transform: r.Transform,
			At: r.at, TransformAt: r.transformAt,
		})
	}
	return rules.Compile(c)
}

func backendNames(backends []*Backend) ([]string, error) {
	var names []string
	seen := make(map[string]bool)
	for i, b := range backends {
		switch {
		case b == nil:
			return nil, fmt.Errorf("backend %d is null; leave it out", i+1)
		case b.Name == "":
			return nil, fmt.Errorf("backend %d has no name", i+1)
		case b.Name == dropWord:
			return nil, errors.New("a backend can't be named drop: in a rule it means to drop the event")
		case len(b.Name) > maxName:
			return nil, fmt.Errorf("backend %.20s…: a name has at most %d characters", b.Name, maxName)
		case seen[b.Name]:
			return nil, fmt.Errorf("two backends are named %s; rename one", b.Name)
		}
		seen[b.Name] = true
		names = append(names, b.Name)
	}
	return names, nil
}

const (
	dropWord = "drop"
	maxName  = 64
)
