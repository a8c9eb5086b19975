package gateway

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/rules"
)

// sender is the one that received the event, by today's config where its
// source still exists. An unknown one gives nil.
func (c *Config) sender(ev *event.Event) sender.Sender {
	if s, ok := c.Sources[ev.Source]; ok && s.Sender.Name() == ev.Sender {
		return s.Sender
	}
	s, err := sender.New(ev.Sender, sender.Options{})
	if err != nil {
		return nil
	}
	return s
}

func normalize(s sender.Sender, ev *event.Event) (event.Normalized, []string) {
	switch {
	case s == nil && ev.ID == "":
		return event.Normalized{}, []string{"the event is damaged on disk; ask the sender to send it again"}
	case s == nil:
		return event.Normalized{}, []string{"this version knows no sender of that name"}
	}
	return s.Normalize(ev)
}

// original is the sender's payload as JSON, which a store doesn't keep beside
// the body that it comes from.
func (e *Engine) original(ev *event.Event) json.RawMessage {
	s := e.config().sender(ev)
	if s == nil {
		return nil
	}
	return s.Original(ev)
}

// reads is what the rules and order_by's read of one of the names of an event.
func (c *Config) reads(name string) rules.Part {
	part := c.Rules.Reads(name)
	for _, b := range c.Backends {
		if b.OrderBy != nil {
			part = part.And(b.OrderBy.Reads(name))
		}
	}
	return part
}

// environment is what a rule sees of an event. The payload and the headers are
// there as far as a rule looks at them.
func (c *Config) environment(s sender.Sender, ev *event.Event, n *event.Normalized) (rules.Env, error) {
	env := rules.Env{
		Type:       n.Type,
		Sender:     ev.Sender,
		Source:     ev.Source,
		SenderType: ev.SenderType,
		ID:         ev.ID,
		Subject:    n.Subject,
		Time:       n.Time,
		Received:   ev.Request.Received,
		Data:       entities(&n.Data),
		Changed:    n.Changed,
	}
	if n.Previous != nil {
		env.Previous = entities(n.Previous)
	}
	if c.reads("headers").Any() {
		env.Headers = make(rules.Headers, len(ev.Request.Header))
		for name, values := range ev.Request.Header {
			env.Headers[name] = strings.Join(values, ", ")
		}
	}
	if original := c.reads("original"); original.Any() {
		var err error
		if env.Original, err = original.Decode(s.Original(ev)); err != nil {
			return env, errors.New("the payload is not JSON that rules can read")
		}
	}
	return env, nil
}
