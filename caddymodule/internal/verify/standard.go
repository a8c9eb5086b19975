package verify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The headers and versions of Standard Webhooks 1.0.
const (
	standardID        = "webhook-id"
	standardTimestamp = "webhook-timestamp"
	standardSignature = "webhook-signature"

	versionHMAC    = "v1"
	versionEd25519 = "v1a"
)

// standardKey checks signatures of one version.
type standardKey struct {
	version string
	// made tells whether one of the signatures over a content is the key's.
	made func(signatures [][]byte, content []byte) bool
}

type standard []standardKey

// NewStandardWebhooks returns a verifier of Standard Webhooks 1.0 by any of
// the secrets: "whsec_" and a base64 secret for v1 (HMAC-SHA256), "whpk_" and
// a base64 public key for v1a (ed25519). Timestamps may be off by 5 minutes.
//
// An id with a full stop is refused: the signed content is
// "id.timestamp.body", and with one its boundaries could be moved.
//
// The spec's own Go library has no v1a and takes its own clock.
func NewStandardWebhooks(secrets []string) (Verifier, error) {
	if err := checkSecrets("secret", secrets); err != nil {
		return nil, fmt.Errorf("standard webhooks: %w", err)
	}
	s := make(standard, len(secrets))
	for i, written := range secrets {
		var err error
		if s[i], err = parseStandardKey(written); err != nil {
			return nil, fmt.Errorf("standard webhooks: secret %d %w", i+1, err)
		}
	}
	return s, nil
}

func parseStandardKey(written string) (standardKey, error) {
	prefix, encoded, _ := strings.Cut(written, "_")
	key, ok := decodeBase64(encoded)
	switch {
	case prefix == "whsk":
		return standardKey{}, errors.New("is a private key (whsk_), which only the sender may have: give the public one (whpk_) and replace both")
	case prefix != "whsec" && prefix != "whpk":
		return standardKey{}, errors.New("has no known prefix: write whsec_ before a secret, whpk_ before a public key")
	case !ok:
		return standardKey{}, errors.New("is not base64 after its prefix: copy it again")
	case prefix == "whpk" && len(key) != ed25519.PublicKeySize:
		return standardKey{}, fmt.Errorf("is no ed25519 public key, which has %d bytes: copy it again", ed25519.PublicKeySize)
	case prefix == "whpk":
		return ed25519Key(key), nil
	case len(key) == 0:
		return standardKey{}, errors.New("is empty after its prefix: check where its value comes from")
	}
	return hmacKey(key), nil
}

func hmacKey(key []byte) standardKey {
	k := newMACKey(sha256.New, key)
	return standardKey{versionHMAC, func(signatures [][]byte, content []byte) bool {
		return k.made(signatures, func(w io.Writer) { _, _ = w.Write(content) })
	}}
}

func ed25519Key(key []byte) standardKey {
	return standardKey{versionEd25519, func(signatures [][]byte, content []byte) bool {
		return slices.ContainsFunc(signatures, func(signature []byte) bool {
			return len(signature) == ed25519.SignatureSize && ed25519.Verify(key, content, signature)
		})
	}}
}

// Verify implements Verifier.
func (s standard) Verify(r *Request) Result {
	header := lines(r.Header, standardSignature)
	if len(header) == 0 {
		return missing(ReasonSignatureMissing)
	}
	signatures, reason := standardSignatures(header)
	if reason != "" {
		return refused(reason)
	}
	content, reason := standardContent(r)
	if reason != "" {
		return refused(reason)
	}
	secret := -1
	for i, key := range s {
		if key.made(signatures[key.version], content) && secret < 0 {
			secret = i
		}
	}
	return matched(secret)
}

// standardSignatures returns the decoded signatures by version. It skips
// versions that it doesn't know, as the spec lets senders add some.
func standardSignatures(header []string) (map[string][][]byte, string) {
	if size(header) > maxHeader {
		return nil, ReasonSignatureTooLong
	}
	listed := strings.Fields(strings.Join(header, " "))
	if len(listed) > maxSignatures {
		return nil, ReasonSignatureTooMany
	}
	found := map[string][][]byte{}
	for _, entry := range listed {
		version, encoded, _ := strings.Cut(entry, ",")
		if signature, ok := decodeBase64(encoded); ok && len(signature) > 0 && (version == versionHMAC || version == versionEd25519) {
			found[version] = append(found[version], signature)
		}
	}
	if len(found) == 0 {
		return nil, ReasonSignatureMalformed
	}
	return found, ""
}

// standardContent returns what is signed: "id.timestamp.body".
func standardContent(r *Request) ([]byte, string) {
	id, reason := headerID(r.Header, standardID, ".")
	if reason != "" {
		return nil, reason
	}
	timestamp, reason := one(lines(r.Header, standardTimestamp), ReasonTimestampMissing, ReasonTimestampTwice)
	if reason != "" {
		return nil, reason
	}
	at, ok := unixTime(timestamp)
	if !ok {
		return nil, ReasonTimestampMalformed
	}
	if reason := fresh(at, r.Now, defaultTolerance); reason != "" {
		return nil, reason
	}
	return bytes.Join([][]byte{[]byte(id), []byte(timestamp), r.Body}, []byte(".")), ""
}
