package caddymodule

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sample"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// post sends made-up requests and prints what is answered.
type post struct {
	client *http.Client
	screen *show.Screen
	json   bool
	sent   int
	// failed counts answers other than 2xx; unknown tells that there was a 404.
	failed  int
	unknown bool
}

// postTimeout is as long as the most patient sender waits.
const postTimeout = 30 * time.Second

func newPost(screen *show.Screen, asJSON bool) *post {
	return &post{screen: screen, json: asJSON, client: &http.Client{
		Timeout: postTimeout,
		// A sender takes a redirect for a failure.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// posted is what came of one request.
type posted struct {
	Sender    string  `json:"sender"`
	Event     string  `json:"event"`
	Seed      uint32  `json:"seed"`
	Status    int     `json:"status"`
	ID        string  `json:"id,omitempty"`
	Duplicate bool    `json:"duplicate"`
	Millis    float64 `json:"milliseconds"`
}

func (p *post) send(ctx context.Context, req *http.Request, r *sample.Request, seed uint32) error {
	began := time.Now()
	res, err := p.client.Do(req.WithContext(ctx))
	if err != nil {
		return unreachable(req.URL, err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return unreachable(req.URL, err)
	}
	took := time.Since(began)
	out := posted{Sender: r.Sender, Event: r.Event, Seed: seed, Status: res.StatusCode, Millis: float64(took.Microseconds()) / 1000}
	var said struct {
		ID        string `json:"id"`
		Duplicate bool   `json:"duplicate"`
	}
	if json.Unmarshal(body, &said) == nil {
		out.ID, out.Duplicate = said.ID, said.Duplicate
	}
	return p.tell(out, took)
}

func (p *post) tell(out posted, took time.Duration) error {
	p.sent++
	p.unknown = p.unknown || out.Status == http.StatusNotFound
	style, what := show.Good, "accepted"
	switch {
	case out.Status/100 != 2:
		p.failed++
		style, what = show.Bad, "refused"
	case out.Duplicate:
		style, what = show.Warn, "duplicate"
	}
	if p.json {
		return p.screen.JSONLine(out)
	}
	p.screen.Line(style, "%d %-9s  %-36s  %6.1fms  %s %s (seed %d)", out.Status, what, out.ID,
		float64(took.Microseconds())/1000, out.Sender, out.Event, out.Seed)
	return nil
}

// outcome is an error if not all were answered with a 2xx.
func (p *post) outcome() error {
	if p.failed == 0 {
		return nil
	}
	why := "see the gateway's log for why"
	if p.unknown {
		why = "404 means that no source has this path; `caddy webhooks setup` lists those of the Caddyfile"
	}
	return fmt.Errorf("%d of %d requests got no 2xx; %s", p.failed, p.sent, why)
}

// unreachable says what to do when nobody answers. The error of a client holds
// the URL, in which there may be a token.
func unreachable(to *url.URL, err error) error {
	var inside *url.Error
	if errors.As(err, &inside) {
		err = inside.Err
	}
	return fmt.Errorf("%s://%s doesn't answer: %w; is the gateway running there? `caddy run` starts it", to.Scheme, to.Host, err)
}
