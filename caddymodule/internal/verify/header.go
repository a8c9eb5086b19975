package verify

import (
	"net/http"
	"strings"
)

const (
	// maxHeader bounds what is read of one header, in bytes over all its lines.
	maxHeader = 4096
	// maxSignatures bounds how many signatures of a request are compared.
	maxSignatures = 16
	// maxID bounds an id in bytes.
	maxID = 256
)

// tokenChars are those of a header's name: RFC 9110, 5.6.2.
const tokenChars = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

func isHeaderName(s string) bool {
	return s != "" && strings.Trim(s, tokenChars) == ""
}

// lines returns a header's lines that are not blank.
func lines(h http.Header, name string) []string {
	var found []string
	for _, line := range h.Values(name) {
		if line = strings.Trim(line, " \t"); line != "" {
			found = append(found, line)
		}
	}
	return found
}

// size is the length of lines together.
func size(lines []string) int {
	n := 0
	for _, line := range lines {
		n += len(line)
	}
	return n
}

// one returns the only value, or the reason why there isn't exactly one.
func one(found []string, none, several string) (value, reason string) {
	switch len(found) {
	case 0:
		return "", none
	case 1:
		return found[0], ""
	}
	return "", several
}

// headerID returns the id that a header holds, or the reason why it can't be
// used.
func headerID(h http.Header, name, separators string) (id, reason string) {
	id, reason = one(lines(h, name), ReasonIDMissing, ReasonIDTwice)
	if reason == "" && !isID(id, separators) {
		return "", ReasonIDMalformed
	}
	return id, reason
}

// isID tells whether an id is short, visible ASCII and free of the characters
// that set it off from its neighbours in what is signed. An id that held one
// could be cut elsewhere, and what was signed for one request would verify
// another.
func isID(id, separators string) bool {
	if len(id) > maxID || strings.ContainsAny(id, separators) {
		return false
	}
	for i := range len(id) {
		if id[i] <= ' ' || id[i] > '~' {
			return false
		}
	}
	return true
}
