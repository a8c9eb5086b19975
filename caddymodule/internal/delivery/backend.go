package delivery

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	webhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"golang.org/x/time/rate"

	"github.com/porterslodge/porterslodge/caddymodule/internal/retry"
	"github.com/porterslodge/porterslodge/caddymodule/internal/tracing"
)

// Backend is an internal HTTP endpoint that receives events. It must not be
// changed once a worker has it.
type Backend struct {
	Name string
	// URL is where events are posted; a user and password in it are sent as
	// basic auth.
	URL string
	// Secrets sign each delivery (Standard Webhooks 1.0), all of them, so that
	// one can be replaced: "whsec_" and base64, or else the key itself.
	Secrets []string
	// Header is set on each request. The headers that Porterslodge sets itself
	// win over it.
	Header http.Header
	// Timeout is for one attempt, its answer included. Default: 10s.
	Timeout time.Duration
	// Concurrency is how many attempts may be under way at the backend at once;
	// eight times as many deliveries are leased ahead. Default: 8.
	Concurrency int
	// Rate bounds attempts per second; 0 doesn't.
	Rate rate.Limit
	// Burst is how many attempts may start at once within Rate. Default: 1.
	Burst int
	// Retry says how long and how often a delivery is tried. While the backend
	// fails, only one at a time is: the others wait beyond Retry.For too, and
	// are dead only if an attempt after that fails.
	Retry retry.Policy
	// Transport sends the requests. Default: http.DefaultTransport.
	Transport http.RoundTripper
	// Watch hears of attempts and their ends. Default: nobody.
	Watch Watch
	// Tracer makes a span of each attempt. Default: none.
	Tracer *tracing.Tracer
}

// Validate tells what is wrong with the URL, the secrets or the headers.
func (b *Backend) Validate() error {
	return newSettings(b).broken
}

// settings are a backend's, made ready for attempts.
type settings struct {
	Backend
	url     *url.URL
	signers []*webhooks.Webhook
	hide    *strings.Replacer // what is secret, out of a message
	broken  error             // why nothing can be sent with them
}

func newSettings(b *Backend) *settings {
	s := &settings{Backend: *b}
	s.fillIn()
	if err := s.prepare(); err != nil {
		s.broken = fmt.Errorf("backend %s: %w", b.Name, err)
	}
	return s
}

func (s *settings) fillIn() {
	s.Retry = s.Retry.WithDefaults()
	if s.Timeout <= 0 {
		s.Timeout = 10 * time.Second
	}
	if s.Concurrency <= 0 {
		s.Concurrency = 8
	}
	if s.Rate <= 0 {
		s.Rate = rate.Inf
	}
	if s.Burst <= 0 {
		s.Burst = 1
	}
	if s.Transport == nil {
		s.Transport = http.DefaultTransport
	}
	if s.Watch == nil {
		s.Watch = unwatched{}
	}
}

func (s *settings) prepare() (err error) {
	s.hide = strings.NewReplacer()
	if s.url, err = parseURL(s.URL); err != nil {
		return err
	}
	s.hide = s.hider()
	if s.signers, err = newSigners(s.Secrets); err != nil {
		return err
	}
	return checkHeader(s.Header)
}

var errURL = errors.New("the url is not an absolute http or https address; write it as https://host/path")

// parseURL returns errors that hold nothing of the URL: it may have a token.
func parseURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errURL
	}
	return u, nil
}

// hider replaces whatever is secret in a backend's settings.
func (s *settings) hider() *strings.Replacer {
	secrets := append([]string{s.URL, s.url.String(), s.url.RawQuery}, s.Secrets...)
	if user := s.url.User; user != nil {
		password, _ := user.Password()
		secrets = append(secrets, user.String(), user.Username(), password)
	}
	for _, values := range s.url.Query() {
		secrets = append(secrets, values...)
	}
	for _, values := range s.Header {
		for _, value := range values {
			secrets = append(append(secrets, value), strings.Fields(value)...)
		}
	}
	var pairs []string
	for _, secret := range secrets {
		if len(secret) >= 4 { // a shorter one hides nothing but spoils every message
			pairs = append(pairs, secret, "…")
		}
	}
	return strings.NewReplacer(pairs...)
}
