package caddymodule

import (
	"encoding/json"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/rules"
)

// extract compiles a custom source's expressions into one function, so that a
// body is decoded once. One that fails gives nothing: the event is kept all
// the same.
func (c *SourceConfig) extract() (func(*event.Request) sender.Extracted, error) {
	if c.EventType == "" && c.EventID == "" && c.EventTime == "" {
		return nil, nil
	}
	typ, err := compileExtract("event_type", c.EventType)
	if err != nil {
		return nil, err
	}
	id, err := compileExtract("event_id", c.EventID)
	if err != nil {
		return nil, err
	}
	at, err := compileExtract("event_time", c.EventTime)
	if err != nil {
		return nil, err
	}
	return func(r *event.Request) sender.Extracted {
		v := view(r)
		var x sender.Extracted
		x.Type, _ = text(typ, v)
		x.ID, _ = text(id, v)
		if at != nil {
			x.Time, _ = at.Eval(v)
		}
		return x
	}, nil
}

func compileExtract(name, expr string) (*rules.Extract, error) {
	if expr == "" {
		return nil, nil
	}
	return rules.CompileExtract(name, expr, rules.Position{})
}

// view is what an expression over a request sees of it. A body that is not
// JSON is nil.
func view(r *event.Request) *rules.Request {
	v := &rules.Request{
		Headers: make(map[string]string, len(r.Header)),
		Query:   make(map[string]string, len(r.Query)),
		Path:    r.Path,
		Method:  r.Method,
	}
	v.Body, _ = rules.Decode(r.Body)
	for name, values := range r.Header {
		v.Headers[name] = strings.Join(values, ", ")
	}
	for name := range r.Query {
		v.Query[name] = r.Query.Get(name)
	}
	return v
}

// text evaluates an expression to a string: what is missing is "", and what is
// no string is its JSON, so that different values stay different.
func text(x *rules.Extract, v *rules.Request) (string, error) {
	if x == nil {
		return "", nil
	}
	result, err := x.Eval(v)
	switch result := result.(type) {
	case nil:
		return "", err
	case string:
		return result, err
	}
	b, err := json.Marshal(result)
	return string(b), err
}
