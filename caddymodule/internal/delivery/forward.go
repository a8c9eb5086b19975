package delivery

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/porterslodge/porterslodge/caddymodule/internal/event"
)

// reserved are the headers that no sender can set: those that we set, those
// that belong to one connection (RFC 9110, 7.6.1), and credentials.
var reserved = []string{
	"webhook-id", "webhook-timestamp", "webhook-signature", "idempotency-key",
	"traceparent", "tracestate", "user-agent", "host", "expect", "accept-encoding",
	"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings",
	"authorization", "cookie", "cookie2", "set-cookie",
}

// reservedPrefixes are groups of such headers: the envelope's own content
// headers, a proxy's, and the attributes of CloudEvents in binary mode.
var reservedPrefixes = []string{"content-", "proxy-", "ce-"}

// forward copies the sender's allow-listed headers, but none that a backend
// may take for one of the configured. Values that would break the request are
// left out rather than failing the delivery for ever.
func forward(header http.Header, ev *event.Event, configured http.Header) {
	for _, name := range ev.Forward {
		if !validName(name) || isReserved(name) || isAlias(name, configured) {
			continue
		}
		key := http.CanonicalHeaderKey(name)
		values := slices.DeleteFunc(slices.Clone(ev.Request.Header[key]), func(value string) bool {
			return !validValue(value)
		})
		if len(values) > 0 {
			header[key] = values
		}
	}
}

func isReserved(name string) bool {
	name = PlainHeader(name)
	return slices.Contains(reserved, name) || slices.ContainsFunc(reservedPrefixes, func(prefix string) bool {
		return strings.HasPrefix(name, prefix)
	})
}

func isAlias(name string, of http.Header) bool {
	for other := range of {
		if PlainHeader(name) == PlainHeader(other) {
			return true
		}
	}
	return false
}

// PlainHeader takes all but letters and digits for dashes, as servers do that hand
// headers on as variables: X_Tenant and X.Tenant are X-Tenant to many a backend.
func PlainHeader(name string) string {
	return strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return '-'
	}, strings.ToLower(name))
}

// checkHeader finds configured headers that could not be sent.
func checkHeader(header http.Header) error {
	for name, values := range header {
		if !validName(name) {
			return fmt.Errorf("header %q: a header's name is letters, digits and dashes", name)
		}
		if i := slices.IndexFunc(values, func(value string) bool { return !validValue(value) }); i >= 0 {
			return fmt.Errorf("header %s: its value has a line break or another control character; remove it", name)
		}
	}
	return nil
}

// validName tells whether a name is a token (RFC 9110, 5.6.2).
func validName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
		return !letter && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// validValue tells whether a value has no control characters but tabs.
func validValue(value string) bool {
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
