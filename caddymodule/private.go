package caddymodule

import (
	"hash/maphash"
	"net/url"
	"slices"
	"sync"
)

// private is what proves requests to any of the app's sources. A sender may
// call another source by mistake, or none: no log shows it there either.
type private struct {
	mu      sync.RWMutex // guards what follows
	headers []string
	// tokens are those of URLs, hashed with a seed of this process, so that no look
	// for them takes a telling time; lengths are theirs, in bytes.
	tokens  map[uint64]bool
	lengths []int
	seed    maphash.Seed
}

func newPrivate() *private {
	return &private{headers: new(Proof).proofHeaders(), tokens: make(map[uint64]bool), seed: maphash.MakeSeed()}
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
		p.tokens[maphash.String(p.seed, t)] = true
		if !slices.Contains(p.lengths, len(t)) {
			p.lengths = append(p.lengths, len(t))
		}
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
// that may be a token where it was sent, and those that hold one anywhere.
func (p *private) hides(maybe []string) func(part string) bool {
	known := make(map[string]bool, len(maybe))
	for _, part := range maybe {
		known[part] = true
	}
	return func(part string) bool {
		hidden, seen := known[part]
		if !seen {
			hidden = p.holdsToken(part)
			known[part] = hidden
		}
		return hidden
	}
}

// holdsToken tells a text in which a token stands: by itself, or where somebody
// forgot a slash, or in a whole URL, as some proxies put it into a header.
func (p *private) holdsToken(text string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, n := range p.lengths {
		for i := 0; i+n <= len(text); i++ {
			if p.tokens[maphash.String(p.seed, text[i:i+n])] {
				return true
			}
		}
	}
	return false
}

// holdsEscaped is holdsToken for a text that may be escaped.
func (p *private) holdsEscaped(text string) bool {
	plain, err := url.PathUnescape(text)
	return p.holdsToken(text) || err == nil && plain != text && p.holdsToken(plain)
}
