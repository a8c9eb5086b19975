package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sample"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/show"
)

// sending is what `send` was asked for.
type sending struct {
	to, method, body string
	headers          []string
	seed             uint32
	count            int
	print, json      bool
	proof            proofFlags
}

func sendCommand() *cobra.Command {
	s := new(sending)
	c := &cobra.Command{
		Use:   "send <sender> <event> --to <url>",
		Short: "Sends a made-up event with its proof, as a sender would",
		Long: `
Makes a request of any event that the senders have (see 'caddy webhooks
senders <sender>') with invented people in it, proves it, sends it to a source
and prints what is answered. An event may be called by the sender's name of it
or by what it becomes.

The URL is the source's. What the sender adds to it, such as Synap's event or a
URL token, is added. Without any proof a gateway keeps the request in its
quarantine, with the same answer.

With --seed the request is the same each time, byte for byte, but for a time
that is signed; --count 3 --seed 7 sends those of 7, 8 and 9. Without it the
event happens now, and it is a new one each time. Odd seeds have the shapes that
senders use but don't document.

A secret that stands in a command is kept in a shell's history; name the
environment variable that holds it instead.`,
		Example: `  $ caddy webhooks send knolyx COURSE_COMPLETED --to http://127.0.0.1:8080/knolyx --token try-knolyx-token
  $ caddy webhooks send edusign student.signed --to https://hooks.school.example/edusign --secret-env EDUSIGN_CLIENT_SECRET
  $ caddy webhooks send synap exam.completed --to http://127.0.0.1:8080/synap --user school --password-env SYNAP_PASSWORD --count 10
  $ caddy webhooks send edvisor student:update --to http://127.0.0.1:8080/edvisor --url-token-env EDVISOR_URL_TOKEN --seed 7 --print
  $ caddy webhooks send custom charge.refunded --to http://127.0.0.1:8080/payments --secret-env STRIPE_SECRET \
      --hmac-header Stripe-Signature --hmac-timestamp t= --hmac-signature v1= --hmac-signed '{timestamp}.{body}'`,
		Args: takes(1, 2),
	}
	f := c.Flags()
	f.StringVar(&s.to, "to", "", "the source's `URL`")
	f.StringVar(&s.method, "method", "", "the `method`; the sender's own if not given")
	f.StringVar(&s.body, "body", "", "a `file` that is the body of a custom sender's request; - is standard input")
	f.StringArrayVar(&s.headers, "header", nil, "one more header, as `'Name: value'`; may be repeated")
	f.Uint32Var(&s.seed, "seed", 0, "what the request is made from; by chance if not given")
	f.IntVar(&s.count, "count", 1, "how many to send, each from the next seed")
	f.BoolVar(&s.print, "print", false, "print the request as a curl command and send nothing")
	f.BoolVar(&s.json, "json", false, "write a line of JSON for each answer")
	s.proof.register(f)
	c.RunE = func(c *cobra.Command, args []string) error {
		if !c.Flags().Changed("seed") {
			s.seed = rand.Uint32()
		}
		return s.run(c, args, c.Flags().Changed("seed"))
	}
	return c
}

// seeded is when events from a given seed happen, so that they stay the same.
var seeded = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

func (s *sending) run(c *cobra.Command, args []string, fixed bool) error {
	platform, event, err := s.meant(args)
	if err != nil {
		return err
	}
	proof, hidden, err := s.proof.read(platform.Name())
	if err != nil {
		return err
	}
	if s.to == "" {
		return errors.New("where to is missing; write --to and the source's URL, such as --to http://127.0.0.1:8080/" + platform.Name())
	}
	if s.count < 1 {
		return errors.New("--count must be at least 1")
	}
	if proof == (sample.Proof{}) {
		show.On(c.ErrOrStderr()).Line(show.Warn, "no proof is given, so a gateway keeps this in its quarantine; add %s", s.proof.suggestion(platform.Name()))
	}
	replaced, err := s.given(c.InOrStdin())
	if err != nil {
		return err
	}
	post := newPost(show.On(c.OutOrStdout()), s.json)
	for i := range s.count {
		at := seeded
		if !fixed {
			at = time.Now()
		}
		seed := s.seed + uint32(i)
		r := sample.Make(platform, event, seed, at)
		replaced.in(r)
		req, err := r.To(s.to, proof, time.Now())
		if err != nil {
			return err
		}
		if s.print {
			_, err = fmt.Fprintln(c.OutOrStdout(), sample.Curl(req, r.Body, hidden))
		} else {
			err = post.send(c.Context(), req, r, seed)
		}
		if err != nil {
			return err
		}
	}
	return post.outcome()
}

// meant finds sender and event.
func (s *sending) meant(args []string) (sender.Sender, string, error) {
	platform, err := sender.New(args[0], sender.Options{})
	if err != nil {
		return nil, "", err
	}
	if s.body != "" && platform.Name() != custom {
		return nil, "", fmt.Errorf("--body is for custom senders; the body of %s is made up", platform.Name())
	}
	if len(args) == 1 {
		if s.body != "" {
			return platform, "", nil
		}
		return nil, "", fmt.Errorf("which event is missing; write `caddy webhooks send %[1]s <event>`, and see `caddy webhooks senders %[1]s`", args[0])
	}
	event, err := sample.Event(platform, args[1])
	if err != nil {
		return nil, "", fmt.Errorf("%w; see `caddy webhooks senders %s`", err, args[0])
	}
	return platform, event, nil
}

// replacement is what of a request was given and is not made up.
type replacement struct {
	method string
	header http.Header
	body   []byte
}

func (s *sending) given(stdin io.Reader) (replacement, error) {
	r := replacement{method: strings.ToUpper(s.method), header: make(http.Header)}
	for _, h := range s.headers {
		name, value, ok := strings.Cut(h, ":")
		if !ok || strings.TrimSpace(name) == "" {
			return r, errors.New("a --header has no name; write it as 'Name: value'")
		}
		r.header.Add(strings.TrimSpace(name), strings.TrimSpace(value))
	}
	var err error
	switch s.body {
	case "":
	case "-":
		r.body, err = io.ReadAll(stdin)
	default:
		r.body, err = os.ReadFile(s.body)
	}
	if err != nil {
		return r, fmt.Errorf("the body: %w", err)
	}
	return r, nil
}

func (given replacement) in(r *sample.Request) {
	if given.method != "" {
		r.Method = given.method
	}
	if given.body != nil {
		r.Body = given.body
	}
	for name, values := range given.header {
		r.Header[name] = values
	}
}
