// Package sample makes requests as senders make them, for trying a gateway
// out: any event of any sender's vocabulary, with invented people in it.
//
// The same seed makes the same request, byte for byte. Two seeds never make
// two requests that are duplicates of each other: what tells events apart,
// whichever sender's, is made from the seed by a mapping that is one to one.
//
//	sample.go   Make, and which event is meant
//	invent.go   people, things, ids and times from a seed
//	edvisor.go  one file per sender: the shapes of its payloads
//	proof.go    URL, signature, token or password: the request as it is sent
//	curl.go     the same as a command
package sample

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
)

// Request is what a sender sends, without where to and without proof.
type Request struct {
	Sender, Event string
	Method        string
	// Path is what stands below the source's own path: "exam.completed" of
	// Synap, which doesn't name its events in their bodies.
	Path   string
	Header http.Header
	Body   []byte
	// ID is the event's, for schemes that sign one; "" where the sender has none.
	ID string
}

// shapes fill in what each sender's request has of its own.
var shapes = map[string]func(*inventor, *Request){
	"edvisor":  edvisor,
	"edusign":  edusign,
	"synap":    synap,
	"knolyx":   knolyx,
	"softbook": softbook,
	"custom":   custom,
}

// Make makes a request of an event, named as its sender names it. The payload
// says that it happened at a time.
func Make(s sender.Sender, event string, seed uint32, at time.Time) *Request {
	r := &Request{
		Sender: s.Name(),
		Event:  event,
		Method: s.Methods()[0],
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	shapes[r.Sender](newInventor(event, seed, at), r)
	return r
}

// Event finds the sender's own name of the event that is meant: that name, in
// either case and with other characters between its words, or what it becomes.
func Event(s sender.Sender, meant string) (string, error) {
	words := s.Vocabulary()
	if len(words) == 0 {
		return meant, nil
	}
	var becoming []string
	best, least := "", -1
	for _, w := range words {
		if plain(w.Sends) == plain(meant) {
			return w.Sends, nil
		}
		if w.Becomes == meant {
			becoming = append(becoming, w.Sends)
		}
		if d := levenshtein.ComputeDistance(plain(w.Sends), plain(meant)); least < 0 || d < least {
			best, least = w.Sends, d
		}
	}
	switch len(becoming) {
	case 0:
		return "", fmt.Errorf("%s sends no %q (did you mean %s?)", s.Name(), meant, best)
	case 1:
		return becoming[0], nil
	}
	return "", fmt.Errorf("%s sends several events that become %s; say which: %s", s.Name(), meant, strings.Join(becoming, ", "))
}

// plain is a name without case and without what stands between its words.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, strings.ToLower(name))
}
