package caddymodule

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/rules"
)

// extract compiles a custom source's expressions into one function, so that a
// body is decoded once. One that fails gives nothing: the event is kept all
// the same.
func (c *SourceConfig) extract() (func(*event.Request) sender.Extracted, error) {
	eventID := c.eventID()
	if c.EventType == "" && eventID == "" && c.EventTime == "" {
		return nil, nil
	}
	typ, err := compileExtract("event_type", c.EventType)
	if err != nil {
		return nil, err
	}
	id, err := compileExtract("event_id", eventID)
	if err != nil {
		return nil, err
	}
	at, err := compileExtract("event_time", c.EventTime)
	if err != nil {
		return nil, err
	}
	view := viewFor(typ, id, at)
	return func(r *event.Request) sender.Extracted {
		v := view.of(r)
		var x sender.Extracted
		x.Type, _ = text(typ, v)
		x.ID, _ = text(id, v)
		if at != nil {
			x.Time, _ = at.Eval(v)
		}
		return x
	}, nil
}

// eventID is the expression of the sender's id. One that is signed tells a retry
// from another event with the same body.
func (c *SourceConfig) eventID() string {
	switch {
	case c.EventID != "":
		return c.EventID
	case c.StandardWebhooks:
		return `headers["webhook-id"]`
	case c.HMAC != nil && c.HMAC.ID != "":
		return fmt.Sprintf("headers[%q]", c.HMAC.ID)
	}
	return ""
}

func compileExtract(name, expr string) (*rules.Extract, error) {
	if expr == "" {
		return nil, nil
	}
	return rules.CompileExtract(name, expr, rules.Position{})
}

// view is what expressions over a request see of it: only what they read is
// decoded or copied, as it is done for every request.
type view struct {
	body           rules.Part
	headers, query bool
}

// viewFor serves some expressions, of which any may be nil.
func viewFor(xs ...*rules.Extract) view {
	var v view
	for _, x := range xs {
		if x == nil {
			continue
		}
		v.body = v.body.And(x.Reads("body"))
		v.headers = v.headers || x.Reads("headers").Any()
		v.query = v.query || x.Reads("query").Any()
	}
	return v
}

// of shows a request. A body that is not JSON is nil.
func (v view) of(r *event.Request) *rules.Request {
	seen := &rules.Request{Path: r.Path, Method: r.Method}
	if v.body.Any() && utf8.Valid(r.Body) { // or else different texts would become one
		seen.Body, _ = v.body.Decode(sender.Trim(r.Body))
	}
	if v.headers {
		seen.Headers = make(rules.Headers, len(r.Header))
		for name, values := range r.Header {
			seen.Headers[name] = strings.Join(values, ", ")
		}
	}
	if v.query {
		seen.Query = make(map[string]string, len(r.Query))
		for name := range r.Query {
			seen.Query[name] = r.Query.Get(name)
		}
	}
	return seen
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
