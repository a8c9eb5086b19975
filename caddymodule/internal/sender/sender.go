// Package sender knows the platforms that send webhooks: what tells two of
// their requests apart, what their events are called in our one language, and
// where in a payload the entities stand.
//
//	sender.go      the Sender interface, the options, the registry
//	edvisor.go     one file per platform; custom.go is any other
//	vocabulary.go  from a sender's own name of an event to ours
//	identity.go    dedupe keys
//	decode.go      JSON, object.go what it becomes, form.go forms, check.go the schemas
//	entity.go      people and things, subjects, changed fields
//
// A new sender is one file and one line in the registry. Everything here is
// pure and safe for many goroutines: no clock, no network, no store.
package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// Sender is what the gateway must know of a platform.
type Sender interface {
	// Name is the sender's word in the configuration, such as "knolyx".
	Name() string
	// Methods are the HTTP methods it may use, the documented one first.
	Methods() []string
	// Headers are the canonical names of headers that Normalize reads, so
	// that a kept event must hold them.
	Headers() []string
	// PathTypes tells whether the path below the source may name the event.
	PathTypes() bool
	// Identify tells, of any request whatever, what makes it the same event
	// as another. It decodes the body once and never fails.
	Identify(r *event.Request) event.Identity
	// Normalize puts a kept event into our one language. Reasons make it
	// invalid; they name fields and never hold a value of the payload.
	Normalize(ev *event.Event) (event.Normalized, []string)
	// Original is the sender's payload as JSON, every token as it was written:
	// of a form body, a JSON object of strings; null where nothing of the body
	// is kept or it isn't JSON. Only deliveries and rules that ask for it need it.
	Original(ev *event.Event) json.RawMessage
	// Vocabulary lists the events it knows: the documented ones in their
	// order, then those that only other public sources show.
	Vocabulary() []Word
}

// Options are what a source may configure of its sender. An option that the
// sender doesn't take is an error of New.
type Options struct {
	// Trigger is where a Softbook body names the event, such as
	// "body.trigger". Default: ordered guesses. Where the body doesn't say,
	// the last path segment does.
	Trigger string
	// Fields tells where a Softbook body holds a field: its name to a path
	// such as "body.order.id". Default: ordered guesses.
	Fields map[string]string
	// Extract reads a custom sender's request; it must not panic. Default: none.
	Extract func(*event.Request) Extracted
}

// Extracted is what a custom source's expressions found in a request.
type Extracted struct {
	// ID and Type are the sender's own; "" where it has none.
	ID, Type string
	// Time is a string (RFC 3339) or a number (Unix seconds or milliseconds).
	Time any
}

// registry holds every sender, in the order of Names.
var registry = []struct {
	name string
	make func(Options) (Sender, error)
}{
	{"edvisor", plain(edvisor{edvisorProfile})},
	{"edusign", plain(newEdusign())},
	{"synap", plain(synap{synapProfile})},
	{"knolyx", plain(knolyx{knolyxProfile})},
	{"softbook", newSoftbook},
	{"custom", newCustom},
}

// Names lists the senders.
func Names() []string {
	names := make([]string, len(registry))
	for i, r := range registry {
		names[i] = r.name
	}
	return names
}

// New returns the sender of that name with the options of one source.
func New(name string, o Options) (Sender, error) {
	for _, r := range registry {
		if r.name != name {
			continue
		}
		s, err := r.make(o)
		if err != nil {
			return nil, fmt.Errorf("sender %s: %w", name, err)
		}
		return s, nil
	}
	return nil, fmt.Errorf("unknown sender %q: did you mean %s? the senders are %s",
		name, nearest(name, Names()), strings.Join(Names(), ", "))
}

// plain registers a sender that takes no options.
func plain(s Sender) func(Options) (Sender, error) {
	return func(o Options) (Sender, error) {
		return s, errors.Join(o.noFields(), o.noExtract())
	}
}

func (o Options) noFields() error {
	if o.Trigger != "" || len(o.Fields) > 0 {
		return errors.New("it takes no trigger or field: only softbook does")
	}
	return nil
}

func (o Options) noExtract() error {
	if o.Extract != nil {
		return errors.New("it takes no event_type, event_id or event_time: only custom does")
	}
	return nil
}

// profile is the part of a sender that is mere data.
type profile struct {
	name      string
	methods   []string
	headers   []string
	pathTypes bool
	words     []Word
}

// Original is that of a sender of JSON whose bodies are kept whole.
func (p profile) Original(ev *event.Event) json.RawMessage { return compact(ev.Request.Body) }

func (p profile) Name() string       { return p.name }
func (p profile) Methods() []string  { return slices.Clone(p.methods) }
func (p profile) Headers() []string  { return slices.Clone(p.headers) }
func (p profile) PathTypes() bool    { return p.pathTypes }
func (p profile) Vocabulary() []Word { return slices.Clone(p.words) }
