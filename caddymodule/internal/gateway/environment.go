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
	if s == nil {
		return event.Normalized{}, []string{"this version knows no sender of that name"}
	}
	return s.Normalize(ev)
}

// original derives the sender's payload as JSON, which a store doesn't keep
// beside the body that it comes from.
func (e *Engine) original(ev *event.Event) json.RawMessage {
	n, _ := normalize(e.config().sender(ev), ev)
	return n.Original
}

// environment is what a rule sees of an event.
func environment(ev *event.Event, n *event.Normalized) (*rules.Env, error) {
	env := &rules.Env{
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
		Headers:    make(map[string]string, len(ev.Request.Header)),
	}
	if n.Previous != nil {
		env.Previous = entities(n.Previous)
	}
	for name, values := range ev.Request.Header {
		env.Headers[name] = strings.Join(values, ", ")
	}
	if len(n.Original) == 0 {
		return env, nil
	}
	original, err := rules.Decode(n.Original)
	if err != nil {
		return nil, errors.New("the payload is not JSON that rules can read")
	}
	env.Original = original
	return env, nil
}
