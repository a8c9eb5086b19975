// Package knolyxapi is a client of Knolyx's own API for webhooks, as its
// documentation has it (docs.knolyx.com): X-Api-Key and X-Project-Id on each
// request, and webhooks with a name, a URL and a security token. What the API
// answers is documented less, so answers are read tolerantly.
//
// No error holds the API key or a security token.
package knolyxapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// DefaultBase is where Knolyx has its API.
const DefaultBase = "https://api.knolyx.com"

const (
	webhooks = "/public/api/v1/webhook"
	timeout  = 30 * time.Second
	// maxAnswer bounds what is read of an answer.
	maxAnswer = 4 << 20
)

// Webhook is one that Knolyx sends to.
type Webhook struct {
	ID   ID     `json:"id,omitempty"`
	Name string `json:"name"`
	URL  string `json:"url"`
}

// ID is a webhook's, which may be written as a string or as a number.
type ID string

// UnmarshalJSON implements json.Unmarshaler.
func (id *ID) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) != nil {
		s = string(b) // a number, as it is written
	}
	*id = ID(s)
	return nil
}

// Client calls the API for one project.
type Client struct {
	base         *url.URL
	key, project string
	http         *http.Client
}

// New returns a client. The key only goes over https, but for an API on
// loopback, as one for trying out is.
func New(base, key, project string) (*Client, error) {
	u, err := url.Parse(base)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http":
		return nil, fmt.Errorf("the API's URL must be one such as %s", DefaultBase)
	case u.Scheme != "https" && !loopback(u):
		return nil, errors.New("the API's URL must begin with https://, or the key could be read on its way")
	case key == "":
		return nil, errors.New("the API key is empty; Knolyx gives it out")
	case project == "":
		return nil, errors.New("the project is missing; Knolyx gives its id out with the API key")
	}
	return &Client{base: u, key: key, project: project, http: &http.Client{
		Timeout: timeout,
		// A redirect would take the key along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

func loopback(u *url.URL) bool {
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// Create makes a webhook. The answer may lack what isn't documented.
func (c *Client) Create(ctx context.Context, w Webhook, securityToken string) (Webhook, error) {
	if err := c.checkTarget(w.URL); err != nil {
		return Webhook{}, err
	}
	body, err := json.Marshal(map[string]string{"name": w.Name, "url": w.URL, "securityToken": securityToken})
	if err != nil {
		return Webhook{}, err
	}
	answer, err := c.call(ctx, http.MethodPost, webhooks, body, securityToken)
	if err != nil {
		return Webhook{}, err
	}
	// Whatever the answer looks like, the webhook is there now.
	var made Webhook
	_ = json.Unmarshal(answer, &made)
	w.ID = made.ID
	return w, nil
}

// checkTarget refuses URLs that Knolyx doesn't take: https only, no localhost.
// An API for trying out may take them.
func (c *Client) checkTarget(target string) error {
	u, err := url.Parse(target)
	switch {
	case err != nil || u.Host == "":
		return errors.New("the webhook's URL must be one such as https://hooks.school.example/knolyx")
	case loopback(c.base):
		return nil
	case u.Scheme != "https" || loopback(u):
		return errors.New("the webhook's URL must begin with https:// and be reachable from outside: Knolyx takes no other")
	}
	return nil
}

// List returns all webhooks of the project.
func (c *Client) List(ctx context.Context) ([]Webhook, error) {
	answer, err := c.call(ctx, http.MethodGet, webhooks, nil)
	if err != nil {
		return nil, err
	}
	var all []Webhook
	if json.Unmarshal(answer, &all) != nil {
		return nil, errors.New("the API's answer is no list of webhooks; is --api right?")
	}
	return all, nil
}

// Get returns one webhook.
func (c *Client) Get(ctx context.Context, id string) (Webhook, error) {
	answer, err := c.call(ctx, http.MethodGet, one(id), nil)
	if err != nil {
		return Webhook{}, err
	}
	var w Webhook
	if json.Unmarshal(answer, &w) != nil {
		return Webhook{}, errors.New("the API's answer is no webhook; is --api right?")
	}
	return w, nil
}

// Delete deletes one webhook.
func (c *Client) Delete(ctx context.Context, id string) error {
	_, err := c.call(ctx, http.MethodDelete, one(id), nil)
	return err
}

// Ping makes Knolyx send a PING to one webhook, or to all with "".
func (c *Client) Ping(ctx context.Context, id string) error {
	path := webhooks
	if id != "" {
		path = one(id)
	}
	_, err := c.call(ctx, http.MethodPost, path+"/ping", nil)
	return err
}

func one(id string) string { return webhooks + "/" + url.PathEscape(id) }

// call makes a request and returns the body of a 2xx. Secrets beside the key
// are kept out of errors too.
func (c *Client) call(ctx context.Context, method, path string, body []byte, secrets ...string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.base.String(), "/")+path, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the API's URL can't be used; write one such as " + DefaultBase)
	}
	req.Header.Set("X-Api-Key", c.key)
	req.Header.Set("X-Project-Id", c.project)
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, fmt.Errorf("%s doesn't answer: %w; is --api right?", c.base.Host, inside(err))
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s broke off its answer: %w", c.base.Host, err)
	}
	if res.StatusCode/100 != 2 {
		return nil, failure(res.StatusCode, answer, append(secrets, c.key))
	}
	return answer, nil
}

func inside(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
