package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/net/http/httpguts"
	"golang.org/x/time/rate"

	"github.com/porterslodge/porterslodge/caddymodule/internal/delivery"
	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
	"github.com/porterslodge/porterslodge/rules"
)

// Backend is an internal endpoint that receives normalized events.
type Backend struct {
	// The name that rules send to.
	Name string `json:"name"`

	// Where events are POSTed: an http or https URL.
	URL string `json:"url"`

	// Secrets that sign deliveries, each with its own signature (Standard
	// Webhooks). Several while rotating. Default: unsigned.
	Secrets []string `json:"secrets,omitempty"`

	// More headers for each delivery. Default: none.
	Headers http.Header `json:"headers,omitempty"`

	// How long one attempt may take. Default: 10s.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	// How many attempts may be under way at once. Default: 8.
	Concurrency int `json:"concurrency,omitempty"`

	// The most attempts in a second. Default: no limit.
	Rate float64 `json:"rate,omitempty"`

	// How long a delivery is retried before it is dead. A backend that fails
	// ten times in a row is tried with one delivery at a time until it answers;
	// the others wait meanwhile, however long. Default: 72h.
	RetryFor caddy.Duration `json:"retry_for,omitempty"`

	// The first and the longest wait between attempts: it doubles, with full
	// jitter. Default: 5s and 1h.
	BackoffFirst   caddy.Duration `json:"backoff_first,omitempty"`
	BackoffLongest caddy.Duration `json:"backoff_longest,omitempty"`

	// An expression over the event. Deliveries with the same value go one at a
	// time, in order of arrival. Default: none.
	OrderBy string `json:"order_by,omitempty"`

	// Caddy's own reverse_proxy transport `http`, for TLS, client certificates
	// and proxies. Default: `http` with its defaults.
	TransportRaw json.RawMessage `json:"transport,omitempty" caddy:"namespace=http.reverse_proxy.transport inline_key=protocol"`
}

func (b *Backend) label(i int) string {
	if b.Name == "" {
		return fmt.Sprintf("%d", i+1)
	}
	return b.Name
}

// compile resolves placeholders and checks what can be checked without dialling.
func (b *Backend) compile(ctx caddy.Context) (*gateway.Backend, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	target, err := b.target()
	if err != nil {
		return nil, err
	}
	keys, err := secrets("secret", b.Secrets)
	if err != nil {
		return nil, err
	}
	header, err := b.header()
	if err != nil {
		return nil, err
	}
	orderBy, err := b.orderBy(rules.Position{})
	if err != nil {
		return nil, err
	}
	transport, err := b.transport(ctx, target)
	if err != nil {
		return nil, err
	}
	compiled := &gateway.Backend{
		OrderBy: orderBy,
		Backend: &delivery.Backend{
			Name:        b.Name,
			URL:         target.String(),
			Secrets:     keys,
			Header:      header,
			Timeout:     time.Duration(b.Timeout),
			Concurrency: b.Concurrency,
			Rate:        rate.Limit(b.Rate),
			Retry: retry.Policy{
				First:   time.Duration(b.BackoffFirst),
				Longest: time.Duration(b.BackoffLongest),
				For:     time.Duration(b.RetryFor),
			},
			Transport: transport,
		},
	}
	return compiled, compiled.Validate()
}

func (b *Backend) target() (*url.URL, error) {
	resolved, err := resolve("url", b.URL)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(resolved)
	switch {
	case err != nil:
		return nil, errors.New("url can't be parsed; write one such as http://127.0.0.1:9001/events")
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, errors.New("url must begin with http:// or https:// and name a host, such as http://127.0.0.1:9001/events")
	}
	return u, nil
}

// check refuses what needs no placeholder to be seen.
func (b *Backend) check() error {
	if !strings.Contains(b.URL, "{") {
		if _, err := b.target(); err != nil {
			return err
		}
	}
	for name := range b.Headers {
		if reservedHeader(name) {
			return fmt.Errorf("header %s is set by the gateway itself; leave it out", name)
		}
	}
	return b.checkBounds()
}

// header resolves the configured headers.
func (b *Backend) header() (http.Header, error) {
	out := make(http.Header, len(b.Headers))
	for name, values := range b.Headers {
		for _, v := range values {
			resolved, err := resolve("header "+name, v)
			if err != nil {
				return nil, err
			}
			if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(resolved) {
				return nil, fmt.Errorf("header %s: its name or value can't be sent in HTTP", name)
			}
			out.Add(name, resolved)
		}
	}
	return out, nil
}

// reservedHeader tells the headers that only the gateway or HTTP itself sets.
func reservedHeader(name string) bool {
	name = delivery.PlainHeader(name)
	switch name {
	case "idempotency-key", "traceparent", "tracestate", "user-agent", "content-type", "content-length",
		"content-encoding", "host", "connection", "transfer-encoding", "te", "trailer", "upgrade", "keep-alive",
		"proxy-connection":
		return true
	}
	return strings.HasPrefix(name, "webhook-") || strings.HasPrefix(name, "ce-")
}

func (b *Backend) orderBy(at rules.Position) (*rules.Value, error) {
	if b.OrderBy == "" {
		return nil, nil
	}
	return rules.CompileValue("order_by", b.OrderBy, at)
}

func (b *Backend) checkBounds() error {
	first, longest := b.BackoffFirst, b.BackoffLongest
	switch {
	case b.Timeout < 0 || b.RetryFor < 0 || first < 0 || longest < 0:
		return errors.New("timeout, retry_for and backoff must not be negative")
	case b.Concurrency < 0:
		return errors.New("concurrency must be at least 1")
	case b.Rate < 0:
		return errors.New("rate must be above 0")
	case first > 0 && longest > 0 && first > longest:
		return fmt.Errorf("backoff begins at %s, which is longer than its longest wait %s", time.Duration(first), time.Duration(longest))
	}
	return nil
}
