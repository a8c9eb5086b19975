package verify

import (
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"time"
)

// HMAC describes how a sender signs: the axes of the Caddyfile's hmac block.
//
// The header is split at commas and semicolons, as repeated lines may have
// been joined and named parts are listed; every part that begins with
// Signature is a candidate, at most 16.
type HMAC struct {
	// Header carries the signature. Required.
	Header string
	// Algorithm is sha1, sha256, sha384 or sha512. Default: sha256.
	Algorithm string
	// Encoding of a signature is hex, of either case, or base64 of the
	// standard alphabet, padded or not. Default: hex.
	Encoding string
	// Key is how the secrets are written: utf8, hex or base64. Default: utf8.
	Key string
	// Signature is what stands before a signature, such as "sha256=" or "v1=".
	// Default: nothing.
	Signature string
	// Timestamp is the part of Header that holds the time, such as "t=", or
	// another header's name. It is in Unix seconds, or milliseconds when it
	// has thirteen digits. Default: none.
	Timestamp string
	// ID is the header that holds {id}. Default: none.
	ID string
	// Signed is what is signed, of {timestamp} {id} {body} {method} {url} and
	// text between them. With {url} the body must be a JSON object or array.
	// Default: {body}.
	Signed string
	// Tolerance is how far Timestamp may be off, either way; negative turns
	// the check off. Default: 5m where there is a Timestamp.
	Tolerance time.Duration
	// Compact makes a request whose body doesn't match be tried once more
	// with the body as compact JSON, for senders that sign that.
	Compact bool
}

var algorithms = map[string]func() hash.Hash{
	"sha1": sha1.New, "sha256": sha256.New, "sha384": sha512.New384, "sha512": sha512.New,
}

type hmacVerifier struct {
	HMAC
	keys       []*macKey
	hash       func() hash.Hash
	size       int // of a signature, in bytes
	decode     func(string) ([]byte, bool)
	signed     signed
	separators string // of the id
}

// NewHMAC returns a verifier of signatures by any of the secrets.
func NewHMAC(c HMAC, secrets []string) (Verifier, error) {
	h, err := c.withDefaults().compile()
	if err != nil {
		return nil, fmt.Errorf("hmac: %w", err)
	}
	if err := checkSecrets("secret", secrets); err != nil {
		return nil, fmt.Errorf("hmac: %w", err)
	}
	for i, s := range secrets {
		key, err := decodeKey(s, h.Key)
		if err != nil {
			return nil, fmt.Errorf("hmac: secret %d %w", i+1, err)
		}
		h.keys = append(h.keys, newMACKey(h.hash, key))
	}
	return h, nil
}

func (c HMAC) withDefaults() HMAC {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	set(&c.Algorithm, "sha256")
	set(&c.Encoding, "hex")
	set(&c.Key, "utf8")
	set(&c.Signed, "{body}")
	if c.Tolerance == 0 && c.Timestamp != "" {
		c.Tolerance = defaultTolerance
	}
	return c
}

// compile checks everything but the secrets.
func (c HMAC) compile() (*hmacVerifier, error) {
	h := &hmacVerifier{HMAC: c, hash: algorithms[c.Algorithm], decode: decodeHex}
	if h.hash == nil {
		return nil, fmt.Errorf("unknown algorithm %q: use sha1, sha256, sha384 or sha512", c.Algorithm)
	}
	h.size = h.hash().Size()
	switch c.Encoding {
	case "hex":
	case "base64":
		h.decode = decodeBase64
	default:
		return nil, fmt.Errorf("unknown encoding %q: use hex or base64", c.Encoding)
	}
	if !slices.Contains([]string{"utf8", "hex", "base64"}, c.Key) {
		return nil, fmt.Errorf("unknown key %q: use utf8, hex or base64", c.Key)
	}
	if err := c.checkHeaders(); err != nil {
		return nil, err
	}
	var err error
	if h.signed, err = parseSigned(c.Signed); err != nil {
		return nil, err
	}
	h.separators, err = c.checkSigned(h.signed)
	return h, err
}

func (c HMAC) checkHeaders() error {
	switch {
	case c.Header == "":
		return errors.New("header is missing: name the header that carries the signature")
	case !isHeaderName(c.Header):
		return fmt.Errorf("header %q is not a header's name", c.Header)
	case strings.ContainsAny(c.Signature+c.Timestamp, ",; \t"):
		return errors.New("signature and timestamp can hold no comma, semicolon or space: the header is split there")
	case c.Timestamp != "" && !c.timestampInHeader() && !isHeaderName(c.Timestamp):
		return fmt.Errorf("timestamp %q is neither a part of the header, such as \"t=\", nor a header's name", c.Timestamp)
	case c.timestampInHeader() && c.Timestamp == c.Signature:
		return errors.New("timestamp and signature are the same part of the header: change one")
	case c.ID != "" && !isHeaderName(c.ID):
		return fmt.Errorf("id %q is not a header's name", c.ID)
	}
	return nil
}

func (c HMAC) timestampInHeader() bool { return strings.HasSuffix(c.Timestamp, "=") }

// checkSigned holds the template against the rest and returns what separates
// the id.
func (c HMAC) checkSigned(s signed) (string, error) {
	hasTime, hasID := s.index("timestamp") >= 0, s.index("id") >= 0
	switch {
	case hasTime && c.Timestamp == "":
		return "", errors.New("signed has {timestamp}, but timestamp doesn't say where it stands: set it")
	case !hasTime && c.Timestamp != "":
		return "", errors.New("timestamp is set, but signed has no {timestamp}: one that isn't signed proves nothing")
	case c.Tolerance != 0 && c.Timestamp == "":
		return "", errors.New("tolerance is set, but timestamp isn't: set both or neither")
	case hasID && c.ID == "":
		return "", errors.New("signed has {id}, but id doesn't name its header: set it")
	case !hasID && c.ID != "":
		return "", errors.New("id is set, but signed has no {id}: one that isn't signed proves nothing")
	case !hasID:
		return "", nil
	}
	separators, ok := s.separators("id")
	if !ok {
		return "", errors.New("signed has {id} right beside another placeholder, so it could be cut in two ways: put text between")
	}
	return separators, nil
}
