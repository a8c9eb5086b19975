package verify

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net/http"
	"strings"
)

// digest stands for a secret in comparisons: of one length, whatever the
// secret's.
type digest [sha256.Size]byte

func digestOf(s string) digest { return sha256.Sum256([]byte(s)) }

func (d digest) equal(other digest) bool {
	return subtle.ConstantTimeCompare(d[:], other[:]) == 1
}

// digests are those of the configured tokens.
type digests []digest

func newDigests(tokens []string) (digests, error) {
	if err := checkSecrets("token", tokens); err != nil {
		return nil, err
	}
	d := make(digests, len(tokens))
	for i, t := range tokens {
		d[i] = digestOf(t)
	}
	return d, nil
}

// match returns the position of a token, -1 for none. It compares all.
func (d digests) match(token string) int {
	found, given := -1, digestOf(token)
	for i, known := range d {
		if known.equal(given) && found < 0 {
			found = i
		}
	}
	return found
}

type headerToken struct {
	header string
	bearer bool
	tokens digests
}

// NewToken returns a verifier of a header whose whole value is one of the
// tokens. Of Authorization, "Bearer <token>" is understood as well, as in RFC
// 6750. The header may stand once only.
func NewToken(header string, tokens []string) (Verifier, error) {
	if !isHeaderName(header) {
		return nil, fmt.Errorf("token: header %q is not a header's name", header)
	}
	d, err := newDigests(tokens)
	if err != nil {
		return nil, err
	}
	return &headerToken{header: header, bearer: http.CanonicalHeaderKey(header) == "Authorization", tokens: d}, nil
}

// Verify implements Verifier.
func (t *headerToken) Verify(r *Request) Result {
	found := lines(r.Header, t.header)
	if len(found) == 0 {
		return missing(ReasonTokenMissing)
	}
	value, reason := one(found, ReasonTokenMissing, ReasonTokenTwice)
	switch {
	case reason != "":
		return refused(reason)
	case len(value) > maxHeader:
		return refused(ReasonTokenTooLong)
	}
	secret := t.tokens.match(value)
	if scheme, token, ok := strings.Cut(value, " "); secret < 0 && ok && t.bearer && strings.EqualFold(scheme, "Bearer") {
		secret = t.tokens.match(strings.TrimLeft(token, " "))
	}
	return matched(secret)
}

type urlToken struct{ tokens digests }

// NewURLToken returns a verifier of the token that the request's URL carries.
func NewURLToken(tokens []string) (Verifier, error) {
	d, err := newDigests(tokens)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	return &urlToken{tokens: d}, nil
}

// Verify implements Verifier.
func (t *urlToken) Verify(r *Request) Result {
	switch {
	case r.Token == "":
		return missing(ReasonTokenMissing)
	case len(r.Token) > maxHeader:
		return refused(ReasonTokenTooLong)
	}
	return matched(t.tokens.match(r.Token))
}
