package gateway

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// Source is one configured receiving endpoint. It never changes after it was
// made, so a request sees its sender, verifier and secrets of one config.
type Source struct {
	Name     string
	Sender   sender.Sender
	Verifier verify.Verifier
	// Challenge answers 401 to a request without credentials: a client of
	// basic auth may be asking for the challenge.
	Challenge bool
	// Reject answers 401 to a request that fails verification and keeps
	// nothing of it; else it goes to the quarantine.
	Reject bool
	// Dedupe replaces the sender's own dedupe key or window; nil changes nothing.
	Dedupe *Dedupe
	// Lifetime is how long one signed request passes the Verifier, 0 where that
	// has no end. The sender's own window is at least as long, so that whoever
	// saw a request can't make new events of it.
	Lifetime time.Duration
	// Forward names the headers that rules and backends may see.
	Forward []string
}

// Dedupe is a source's own choice of what makes two requests the same event.
type Dedupe struct {
	// Window is how long a key is remembered; 0 turns deduplication off.
	Window time.Duration
	// Key gives the key of a request; nil keeps the sender's. An error or an
	// empty key falls back to the sender's, so that no event is lost by it.
	Key func(*event.Request) (string, error)
}

// identify asks the sender and applies the source's own choices.
func (s *Source) identify(r *event.Request) (event.Identity, error) {
	id := s.Sender.Identify(r)
	if id.Key == "" {
		return id, fmt.Errorf("sender %s gave no dedupe key", s.Sender.Name())
	}
	if id.ID == "" {
		fresh, err := uuid.NewV7()
		if err != nil {
			return id, fmt.Errorf("making an event id: %w", err)
		}
		id.ID = fresh.String()
	}
	if s.Dedupe == nil {
		id.Window = max(id.Window, s.Lifetime)
		return id, nil
	}
	id.Window = s.Dedupe.Window
	if s.Dedupe.Key != nil {
		if key, err := s.Dedupe.Key(r); err == nil && key != "" {
			id.Key = "key:" + key
		}
	}
	return id, nil
}

// event is what a request to the source is kept as.
func (s *Source) event(r *event.Request, id event.Identity) *event.Event {
	return &event.Event{
		ID: id.ID, Source: s.Name, Sender: s.Sender.Name(), SenderType: id.SenderType, Time: id.Time,
		Request: s.keepable(r, id), Forward: s.Forward,
	}
}

// keepable is the request without what may not or need not be kept.
func (s *Source) keepable(r *event.Request, id event.Identity) event.Request {
	kept := *r
	kept.Header = make(map[string][]string)
	for _, name := range slices.Concat(s.Sender.Headers(), s.Forward, []string{"Content-Type"}) {
		if values := r.Header.Values(name); len(values) > 0 {
			kept.Header[name] = values
		}
	}
	if id.Secret {
		kept.Body, kept.Query = nil, nil
	}
	return kept
}

// errNoVerifier is a config mistake that must never mean "no verification".
var errNoVerifier = errors.New("the source has no verifier")
