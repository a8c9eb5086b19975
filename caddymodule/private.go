package caddymodule

import (
	"slices"
	"sync"

	"github.com/porterslodge/porterslodge/caddymodule/internal/verify"
)

// private is what proves requests to any of the app's sources. A sender may
// call another source by mistake, or none: no log shows it there either.
type private struct {
	mu      sync.RWMutex // guards what follows
	headers []string
	tokens  []verify.Verifier
}

func newPrivate() *private {
	return &private{headers: new(Proof).proofHeaders()}
}

// add takes in how one source's requests are proven.
func (p *private) add(proof *Proof) error {
	token, err := proof.urlToken("")
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
	if token != nil {
		p.tokens = append(p.tokens, token)
	}
	return nil
}

// names are the headers that carry a token or a signature.
func (p *private) names() []string {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return p.headers
}

// isToken tells whether a segment is a URL token, in constant time.
func (p *private) isToken(segment string) bool {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return slices.ContainsFunc(p.tokens, func(known verify.Verifier) bool {
		return known.Verify(&verify.Request{Token: segment}).OK
	})
}
