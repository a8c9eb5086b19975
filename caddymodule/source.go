package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/rules"
)

// SourceConfig is one source: who sends, how that is verified, and what is
// different from the sender's defaults.
type SourceConfig struct {
	// The sender: edvisor, edusign, synap, knolyx, softbook or custom.
	Sender string `json:"sender"`

	// The source's name, in rules, logs and events. Default: the sender's name.
	Name string `json:"name,omitempty"`

	// The path of the source. What stands below it may be a sender's event
	// type or a URL token; anything else is answered 404. Default: whatever
	// the route's matcher lets through.
	Path string `json:"path,omitempty"`

	// The methods that are accepted. Default: the sender's own.
	Methods []string `json:"methods,omitempty"`

	// The largest body, in bytes, that is accepted. Default: 1 MB.
	MaxBody int64 `json:"max_body,omitempty"`

	// The status that a kept event is answered with, 200 to 299. Default: 202.
	Respond int `json:"respond,omitempty"`

	// What becomes of a request that fails verification: `quarantine` or
	// `reject`. Default: quarantine.
	Unverified string `json:"unverified,omitempty"`

	// What makes two requests the same event. Default: the sender's own choice.
	Dedupe *DedupeConfig `json:"dedupe,omitempty"`

	// Headers of the request that rules and backends may see. Default: none.
	Headers []string `json:"headers,omitempty"`

	Proof

	// An expression over the request that gives the event type. custom only.
	EventType string `json:"event_type,omitempty"`

	// An expression that gives the sender's own event id. custom only.
	// Default: the id that the sender signs, which with Standard Webhooks is
	// the header webhook-id; else none.
	EventID string `json:"event_id,omitempty"`

	// An expression that gives the time of the event. custom only.
	EventTime string `json:"event_time,omitempty"`

	// Where the trigger's name stands, such as `body.trigger`. softbook only.
	Trigger string `json:"trigger,omitempty"`

	// Where a field stands, such as order_id: `body.order.id`. softbook only.
	Fields map[string]string `json:"fields,omitempty"`
}

// DedupeConfig says what makes two requests the same event.
type DedupeConfig struct {
	// Turns deduplication off.
	Off bool `json:"off,omitempty"`

	// How long a key is remembered.
	Window caddy.Duration `json:"window,omitempty"`

	// An expression over the request that gives the key. Default: the sender's.
	Key string `json:"key,omitempty"`
}

const (
	defaultMaxBody = 1_000_000
	// maxMaxBody keeps one request from filling the memory.
	maxMaxBody     = 32 << 20
	defaultRespond = http.StatusAccepted
	custom         = "custom"
)

func (c *SourceConfig) label() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Sender
}

var sourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// check refuses what needs no secret to be seen, so that a Caddyfile's error
// names its line.
func (c *SourceConfig) check() error {
	if _, err := sender.New(c.Sender, sender.Options{Trigger: c.Trigger, Fields: c.Fields}); err != nil {
		return err
	}
	if !sourceName.MatchString(c.label()) {
		return fmt.Errorf("the name %q doesn't fit: it has letters, digits, '.', '_' and '-', begins with a letter or digit, and is at most 64 long", c.label())
	}
	if err := c.checkProof(c.Sender); err != nil {
		return err
	}
	if _, err := c.forward(); err != nil {
		return err
	}
	if c.Sender != custom && (c.EventType != "" || c.EventID != "" || c.EventTime != "") {
		return fmt.Errorf("event_type, event_id and event_time are for custom sources; %s has its own", c.Sender)
	}
	if err := c.checkWindow(); err != nil {
		return err
	}
	return c.checkLimits()
}

// checkWindow refuses to forget a signed request while it can still be sent
// again, as a new event.
func (c *SourceConfig) checkWindow() error {
	d, lifetime := c.Dedupe, c.lifetime()
	if d == nil || d.Off || d.Window <= 0 || time.Duration(d.Window) >= lifetime {
		return nil
	}
	return fmt.Errorf("dedupe forgets a request after %s, but for %s, twice its tolerance, it could be sent again and would be a new event; "+
		"write `dedupe %[2]s` or longer, or make the tolerance smaller", time.Duration(d.Window), lifetime)
}

// compile checks the config and makes the source of it.
func (c *SourceConfig) compile() (*gateway.Source, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	extract, err := c.extract()
	if err != nil {
		return nil, err
	}
	s, err := sender.New(c.Sender, sender.Options{Trigger: c.Trigger, Fields: c.Fields, Extract: extract})
	if err != nil {
		return nil, err
	}
	verifier, err := c.verifier(c.Sender)
	if err != nil {
		return nil, err
	}
	dedupe, err := c.dedupe()
	if err != nil {
		return nil, err
	}
	forward, err := c.forward()
	if err != nil {
		return nil, err
	}
	return &gateway.Source{
		Name:      c.label(),
		Sender:    s,
		Verifier:  verifier,
		Challenge: len(c.BasicAuth) > 0,
		Reject:    c.Unverified == "reject",
		Dedupe:    dedupe,
		Lifetime:  c.lifetime(),
		Forward:   forward,
	}, nil
}

// checkLimits refuses values out of range.
func (c *SourceConfig) checkLimits() error {
	switch {
	case c.Unverified != "" && c.Unverified != "quarantine" && c.Unverified != "reject":
		return fmt.Errorf("it is quarantine or reject, not %q", c.Unverified)
	case c.Respond != 0 && (c.Respond < 200 || c.Respond > 299):
		return fmt.Errorf("the status is from 200 to 299, not %d: senders take anything else for a failure", c.Respond)
	case c.MaxBody < 0 || c.MaxBody > maxMaxBody:
		return errors.New("a body may have at most 32 MiB")
	}
	for _, m := range c.Methods {
		if !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, m) {
			return fmt.Errorf("it is POST, PUT or PATCH, not %q: other requests carry no event", m)
		}
	}
	return nil
}

// limits are the handler's own settings with defaults applied.
func (c *SourceConfig) limits(s *gateway.Source) (methods []string, maxBody int64, respond int) {
	methods, maxBody, respond = c.Methods, c.MaxBody, c.Respond
	if len(methods) == 0 {
		methods = s.Sender.Methods()
	}
	if maxBody == 0 {
		maxBody = defaultMaxBody
	}
	if respond == 0 {
		respond = defaultRespond
	}
	return methods, maxBody, respond
}

func (c *SourceConfig) forward() ([]string, error) {
	out := make([]string, 0, len(c.Headers))
	for _, name := range c.Headers {
		taken := append(c.proofHeaders(), "Authorization", "Cookie")
		if reservedHeader(name) || slices.ContainsFunc(taken, func(t string) bool { return delivery.PlainHeader(t) == delivery.PlainHeader(name) }) {
			return nil, fmt.Errorf("header %s can't be passed on: it belongs to HTTP, to the gateway or to the sender's proof", name)
		}
		out = append(out, http.CanonicalHeaderKey(name))
	}
	return out, nil
}

func (c *SourceConfig) dedupe() (*gateway.Dedupe, error) {
	d := c.Dedupe
	if d == nil {
		return nil, nil
	}
	if d.Off {
		return &gateway.Dedupe{}, nil
	}
	if d.Window <= 0 {
		return nil, errors.New("dedupe needs a window above 0, such as `dedupe 10m`, or `dedupe off`")
	}
	out := &gateway.Dedupe{Window: time.Duration(d.Window)}
	if d.Key == "" {
		return out, nil
	}
	x, err := rules.CompileExtract("dedupe", d.Key, rules.Position{})
	if err != nil {
		return nil, err
	}
	view := viewFor(x)
	out.Key = func(r *event.Request) (string, error) { return text(x, view.of(r)) }
	return out, nil
}
