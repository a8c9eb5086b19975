package adminapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
)

// ErrNotOurs tells that what answers isn't a server with the gateway.
var ErrNotOurs = errors.New("what answers there is no server with the webhook gateway")

// Problem is an error as the server tells it (RFC 9457).
type Problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	// Detail says what is wrong and what to do; there always is one.
	Detail string `json:"detail"`
}

func (p *Problem) Error() string { return p.Detail }

// Client asks a running server.
type Client struct {
	// HTTP reaches the admin API, whatever host a request names.
	HTTP *http.Client
	// Host is that of the admin API, Origin where it may be asked from, "" if it
	// isn't to be told; Agent says who asks.
	Host, Origin, Agent string
}

// Status asks how the gateway stands.
func (c *Client) Status(ctx context.Context) (s Status, err error) {
	return s, c.get(ctx, "status", nil, &s)
}

// Events asks for a page of events.
func (c *Client) Events(ctx context.Context, q Query) (p Page, err error) {
	return p, c.post(ctx, Events, q, &p)
}

// Show asks for all that is known of an event.
func (c *Client) Show(ctx context.Context, seq uint64) (s Shown, err error) {
	return s, c.get(ctx, "events/"+strconv.FormatUint(seq, 10), nil, &s)
}

// Act has an action done.
func (c *Client) Act(ctx context.Context, action string, a Act) (done Acted, err error) {
	return done, c.post(ctx, action, a, &done)
}

// Quarantine asks for a page of a source's quarantine.
func (c *Client) Quarantine(ctx context.Context, source string, after *Place) (p QuarantinePage, err error) {
	query := url.Values{"source": {source}}
	if after != nil {
		text, err := json.Marshal(after)
		if err != nil {
			return p, err
		}
		query.Set("after", string(text))
	}
	return p, c.get(ctx, "quarantine", query, &p)
}

// ShowRequest asks for all that is known of a quarantined request.
func (c *Client) ShowRequest(ctx context.Context, source string, number uint64) (s ShownRequest, err error) {
	return s, c.get(ctx, "quarantine/"+url.PathEscape(source)+"/"+strconv.FormatUint(number, 10), nil, &s)
}

// Select has quarantined requests released or discarded.
func (c *Client) Select(ctx context.Context, action string, s Select) (done Selected, err error) {
	return done, c.post(ctx, action, s, &done)
}

// SetPause pauses or resumes a backend.
func (c *Client) SetPause(ctx context.Context, action, backend string) (changed Changed, err error) {
	return changed, c.post(ctx, action, Named{backend}, &changed)
}

func (c *Client) get(ctx context.Context, path string, query url.Values, answer any) error {
	return c.do(ctx, http.MethodGet, path, query, nil, answer)
}

func (c *Client) post(ctx context.Context, path string, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.do(ctx, http.MethodPost, path, nil, text, answer)
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, body []byte, answer any) error {
	res, err := c.ask(ctx, method, path, query, body) //nolint:bodyclose // read closes it
	if err != nil {
		return err
	}
	return read(res, 64<<20, answer)
}

// ask sends a request; the caller reads and closes the answer.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, body []byte) (*http.Response, error) {
	u := url.URL{Scheme: "http", Host: c.Host, Path: Base + path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", c.Agent)
	if c.Origin != "" { // Caddy may be told to ask for it
		req.Header.Set("Origin", c.Origin)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.HTTP.Do(req)
}

// read reads an answer of at most limit bytes, and tells one of ours from
// anybody else's.
func read(res *http.Response, limit int64, answer any) error {
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, limit))
	if err != nil {
		return fmt.Errorf("the answer broke off: %w", err)
	}
	kind, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	problem := new(Problem)
	switch {
	case kind == "application/problem+json" && json.Unmarshal(text, problem) == nil && problem.Detail != "":
		return problem
	case res.StatusCode == http.StatusForbidden:
		return errors.New("the admin API refuses this address; see `origins` of Caddy's option admin")
	case res.StatusCode != http.StatusOK || kind != "application/json" || json.Unmarshal(text, answer) != nil:
		return ErrNotOurs
	}
	return nil
}
