package caddymodule

import (
	"crypto/sha256"
	"slices"
	"sync"
)

// private is what proves requests to any of the app's sources. A sender may
// call another source by mistake, or none: no log shows it there either.
type private struct {
	mu      sync.RWMutex // guards what follows
	headers []string
	tokens  map[[sha256.Size]byte]bool // of URLs, hashed so that no look at them takes a telling time
}

func newPrivate() *private {
	return &private{headers: new(Proof).proofHeaders(), tokens: make(map[[sha256.Size]byte]bool)}
}

// add takes in how one source's requests are proven.
func (p *private) add(proof *Proof) error {
	tokens, err := secrets("url_token", proof.URLTokens)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range proof.proofHeaders() {
		if !slices.Contains(p.headers, name) {
			p.headers = append(p.headers, name)
		}
	}
	for _, t := range tokens {
		p.tokens[sha256.Sum256([]byte(t))] = true
	}
	return nil
}

// names are the headers that carry a token or a signature.
func (p *private) names() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.headers
}

// hides returns what tells which parts of a request's URL no log shows: those
// that may be a token where it was sent, and those that are one anywhere.
func (p *private) hides(maybe []string) func(part string) bool {
	known := make(map[string]bool, len(maybe))
	for _, part := range maybe {
		known[part] = true
	}
	return func(part string) bool {
		hidden, seen := known[part]
		if !seen {
			hidden = p.isToken(part)
			known[part] = hidden
		}
		return hidden
	}
}

func (p *private) isToken(part string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.tokens[sha256.Sum256([]byte(part))]
}
