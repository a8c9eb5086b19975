package caddymodule

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/porterslodge/porterslodge/caddymodule/internal/gateway"
	"github.com/porterslodge/porterslodge/caddymodule/internal/sender"
)

// FuzzRedaction holds that a token that stands in a URL, as a segment or as the
// token's parameter, in whatever way it is escaped and whatever stands round
// it, is in no line of the access log.
func FuzzRedaction(f *testing.F) {
	for _, s := range []string{"/url/%s", "/url/a/b/%s", "//%s/", "/url/./%s", "/url/x%%2F%s", "/url?token=%s", "/url?a=1&token=%s&b", "/url?Token=%s", "/url?to%%6ben=%s", "/url?a;token=%s", "/url?x=%s&token=y", "/%s?"} {
		f.Add(strings.ReplaceAll(strings.ReplaceAll(s, "%s", "\x00"), "%%", "%"), "s3cr3t-token", uint64(0))
		f.Add(strings.ReplaceAll(strings.ReplaceAll(s, "%s", "\x00"), "%%", "%"), "s3cr3t/+ %-token", ^uint64(0))
	}
	edvisor, err := sender.New("edvisor", sender.Options{})
	if err != nil {
		f.Fatal(err)
	}
	h := &Handler{
		SourceConfig: SourceConfig{Path: "/url", Proof: Proof{URLTokens: []string{"t"}}},
		source:       &gateway.Source{Sender: edvisor},
	}
	f.Fuzz(func(t *testing.T, form, token string, how uint64) {
		uri := strings.ReplaceAll(form, "\x00", escape(token, how))
		u, err := url.ParseRequestURI(uri)
		if err != nil || len(token) < 8 || u.Host != "" || u.Opaque != "" || strings.ContainsAny(uri, " \r\n") {
			return
		}
		r := &http.Request{URL: u, RequestURI: uri}
		hidden := tokensOf(h, r)
		clean := accessLog{private: newPrivate()}.clean(r, hidden).RequestURI
		seen, _ := url.PathUnescape(clean)
		for _, secret := range hidden {
			if len(secret) >= 8 && secret != redacted && (hasPart(clean, secret) || hasPart(seen, secret)) {
				t.Errorf("%q holds %q after it was cleaned: %q", uri, secret, clean)
			}
		}
	})
}

// tokensOf are what a source looks for its token in.
func tokensOf(h *Handler, r *http.Request) []string {
	l, _ := h.locate(r)
	if l.token != "" {
		return append(l.hidden, l.token)
	}
	return l.hidden
}

// hasPart tells whether a URI has a segment or a parameter that is the secret.
func hasPart(uri, secret string) bool {
	path, query, _ := strings.Cut(uri, "?")
	for part := range strings.FieldsFuncSeq(path, func(c rune) bool { return c == '/' }) {
		if part == secret {
			return true
		}
	}
	for pair := range strings.FieldsFuncSeq(query, func(c rune) bool { return c == '&' || c == ';' }) {
		if _, value, _ := strings.Cut(pair, "="); value == secret {
			return true
		}
	}
	return false
}

// escape percent-encodes those characters of a token that how says, and those
// that must be.
func escape(token string, how uint64) string {
	var b strings.Builder
	for i := range len(token) {
		plain := url.QueryEscape(token[i:i+1]) == token[i:i+1]
		if plain && how>>(i%64)&1 == 0 {
			b.WriteByte(token[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", token[i])
		}
	}
	return b.String()
}

// BenchmarkURLOfManySegments is what a stranger can make the log's line cost, within
// Caddy's limit of 16 KB.
func BenchmarkURLOfManySegments(b *testing.B) {
	var uri strings.Builder
	for i := 0; uri.Len() < 15<<10; i++ {
		fmt.Fprintf(&uri, "/%x", i)
	}
	r := &http.Request{URL: &url.URL{Path: uri.String()}, RequestURI: uri.String()}
	segments := strings.Split(uri.String(), "/")
	l := accessLog{private: newPrivate()}
	for b.Loop() {
		l.clean(r, segments)
	}
}
