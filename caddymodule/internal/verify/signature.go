package verify

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
)

// Verify implements Verifier.
func (h *hmacVerifier) Verify(r *Request) Result {
	header := lines(r.Header, h.Header)
	if len(header) == 0 {
		return missing(ReasonSignatureMissing)
	}
	if size(header) > maxHeader {
		return refused(ReasonSignatureTooLong)
	}
	parts := split(header)
	signatures, reason := h.signatures(parts)
	if reason != "" {
		return refused(reason)
	}
	v, reason := h.values(r, parts)
	if reason != "" {
		return refused(reason)
	}
	secret := h.match(v, signatures)
	if secret < 0 && h.Compact {
		var compact bytes.Buffer
		if json.Compact(&compact, r.Body) == nil {
			if v.body = compact.Bytes(); h.signed.plain(v) {
				secret = h.match(v, signatures)
			}
		}
	}
	return matched(secret)
}

// split returns the parts of a header's lines.
func split(header []string) []string {
	var parts []string
	for _, line := range header {
		for part := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ',' || c == ';' }) {
			parts = append(parts, strings.Trim(part, " \t"))
		}
	}
	return parts
}

// signatures returns the decoded signatures that are as long as the
// algorithm's.
func (h *hmacVerifier) signatures(parts []string) ([][]byte, string) {
	var found [][]byte
	named := 0
	for _, part := range parts {
		encoded, ok := strings.CutPrefix(part, h.Signature)
		if !ok {
			continue
		}
		if named++; named > maxSignatures {
			return nil, ReasonSignatureTooMany
		}
		if mac, ok := h.decode(encoded); ok && len(mac) == h.size {
			found = append(found, mac)
		}
	}
	if len(found) == 0 {
		return nil, ReasonSignatureMalformed
	}
	return found, ""
}

// values collects what is signed.
func (h *hmacVerifier) values(r *Request, parts []string) (values, string) {
	v := values{method: r.Method, url: r.URL, body: r.Body}
	var reason string
	if h.Timestamp != "" {
		if v.timestamp, reason = h.timestamp(r, parts); reason != "" {
			return v, reason
		}
	}
	if h.ID != "" {
		if v.id, reason = headerID(r.Header, h.ID, h.separators); reason != "" {
			return v, reason
		}
	}
	if !h.signed.plain(v) {
		return v, ReasonAmbiguous
	}
	return v, ""
}

// timestamp finds and checks the timestamp, as it is written.
func (h *hmacVerifier) timestamp(r *Request, parts []string) (string, string) {
	found := lines(r.Header, h.Timestamp)
	if h.timestampInHeader() {
		found = nil
		for _, part := range parts {
			if value, ok := strings.CutPrefix(part, h.Timestamp); ok {
				found = append(found, value)
			}
		}
	}
	written, reason := one(found, ReasonTimestampMissing, ReasonTimestampTwice)
	if reason != "" {
		return "", reason
	}
	at, ok := unixTimeOrMilli(written)
	if !ok {
		return "", ReasonTimestampMalformed
	}
	return written, fresh(at, r.Now, h.Tolerance)
}

// match returns which secret made one of the signatures, -1 for none. It
// compares every secret with every signature, whatever it finds.
func (h *hmacVerifier) match(v values, signatures [][]byte) int {
	secret := -1
	for i, key := range h.keys {
		if key.made(signatures, func(w io.Writer) { h.signed.write(w, v) }) && secret < 0 {
			secret = i
		}
	}
	return secret
}
